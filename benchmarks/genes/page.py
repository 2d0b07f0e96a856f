def page(results):
    return f"{len(results)}"
