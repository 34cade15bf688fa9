"""The pages of the window. `page.py` is what a page is; `catalogue.py` lists them all, imported when first shown."""
