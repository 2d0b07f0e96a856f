def write_report(table, names, splits, seeds, methods, docs):
    shown = table[table["section"].isin(names)]
    for name in splits:
        part = shown[shown["split"] == name]
        if len(part):
            wide = part.pivot_table(index="section", columns="method", values="procrustes")
            print(f"\n{name}\n{wide.round(3).to_string()}\n{wide.mean().round(3).to_string()}")
