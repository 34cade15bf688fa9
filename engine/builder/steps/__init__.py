"""How an instruction is done: the stage it changes, COPY and ADD, RUN with its mounts and its network."""
