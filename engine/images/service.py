"""The images room as the facade shows it. Assembles the parts; each method says which part does the work.

service = ImageService(paths=…, database=…, keeper=…, blobs=…, layers=…, bus=…, operations=…)
await service.open()
service.connect(container_service)      # an `engine.images.users.ContainerSource`
stored = service.catalogue.resolve("nginx:1.27")    # id, diff_ids, config, manifest; at once, from memory
"""
