"""Small folders as instruments write them, with the files that hold the cells."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csr_matrix

PIXEL = {"visium": 0.4, "visium_hd": 0.3, "xenium": 0.2125, "merscope": 0.108, "cosmx": 0.12}
OFFSET_OF_MOSAIC = 7000.0


def write_10x_h5(path: Path, adata: AnnData) -> None:
    """Write counts as Space Ranger does."""
    counts = csr_matrix(adata.X)
    genes = np.array(adata.var_names, dtype="S")
    with h5py.File(path, "w") as file:
        file.attrs["library_ids"] = np.array([b"library"])
        matrix = file.create_group("matrix")
        matrix["barcodes"] = np.array(adata.obs_names, dtype="S")
        matrix["data"], matrix["indices"] = counts.data.astype(np.int32), counts.indices
        matrix["indptr"], matrix["shape"] = counts.indptr, np.array(counts.shape[::-1])
        features = matrix.create_group("features")
        features["id"] = features["name"] = genes
        features["feature_type"] = np.array([b"Gene Expression"] * adata.n_vars)
        features["genome"] = np.array([b"genome"] * adata.n_vars)


def write_10x_mtx(folder: Path, adata: AnnData) -> None:
    """Write counts as Cell Ranger does, as text."""
    from scipy.io import mmwrite

    folder.mkdir(parents=True)
    mmwrite(folder / "matrix.mtx", csr_matrix(adata.X).T.astype(int))
    for name, rows in (
        ("barcodes.tsv", adata.obs_names),
        ("genes.tsv", [f"{gene}\t{gene}" for gene in adata.var_names]),
    ):
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")


def on_spots(adata: AnnData, pitch: float = 100.0) -> AnnData:
    """Move every cell to the nearest spot of a hexagonal grid; several may share one."""
    adata = adata.copy()
    row = np.round(adata.obsm["spatial"][:, 1] / (pitch * np.sqrt(3) / 2))
    column = 2 * np.round((adata.obsm["spatial"][:, 0] / (pitch / 2) - row % 2) / 2) + row % 2
    adata.obs["array_row"], adata.obs["array_col"] = row.astype(int), column.astype(int)
    adata.obsm["spatial"] = np.column_stack([column * pitch / 2, row * pitch * np.sqrt(3) / 2])
    return adata


def write_visium(folder: Path, adata: AnnData) -> AnnData:
    """Write ``outs`` of Space Ranger, and give the cells with the places of their spots in µm."""
    from PIL import Image

    adata = on_spots(adata)
    spatial = folder / "spatial"
    spatial.mkdir(parents=True)
    write_10x_h5(folder / "filtered_feature_bc_matrix.h5", adata)
    pixels = adata.obsm["spatial"] / PIXEL["visium"]
    table = adata.obs[["array_row", "array_col"]].assign(
        pxl_row_in_fullres=pixels[:, 1], pxl_col_in_fullres=pixels[:, 0]
    )
    table.insert(0, "in_tissue", 1)
    table.to_csv(spatial / "tissue_positions.csv", index_label="barcode")
    factors = {"tissue_hires_scalef": 0.02, "tissue_lowres_scalef": 0.01}
    factors["spot_diameter_fullres"] = 55 / PIXEL["visium"]
    (spatial / "scalefactors_json.json").write_text(json.dumps(factors))
    size = np.ceil(pixels.max(axis=0) * 0.02).astype(int) + 1
    image = Image.new("RGB", tuple(map(int, size)), (240, 220, 230))
    image.save(spatial / "tissue_hires_image.png")
    return adata


def write_visium_hd(folder: Path, adata: AnnData) -> AnnData:
    """Write ``outs`` of Space Ranger for Visium HD, with bins of 8 and 16 µm."""
    folder.mkdir(parents=True)
    with h5py.File(folder / "feature_slice.h5", "w") as file:
        layout = json.dumps({"file_format": "1.0"})
        file.attrs["metadata_json"] = json.dumps({"hd_layout_json": layout})
    for width in (8, 16):
        binned = adata.copy()
        steps = np.round(adata.obsm["spatial"] / width).astype(int)
        binned.obsm["spatial"] = steps * float(width)
        pixels = binned.obsm["spatial"] / PIXEL["visium_hd"]
        spatial = folder / "binned_outputs" / f"square_{width:03d}um" / "spatial"
        spatial.mkdir(parents=True)
        write_10x_h5(spatial.parent / "filtered_feature_bc_matrix.h5", binned)
        columns = {
            "barcode": binned.obs_names.to_numpy(),
            "in_tissue": 1,
            "array_row": steps[:, 1],
            "array_col": steps[:, 0],
            "pxl_row_in_fullres": pixels[:, 1],
            "pxl_col_in_fullres": pixels[:, 0],
        }
        pd.DataFrame(columns).to_parquet(spatial / "tissue_positions.parquet")
        factors = {"tissue_hires_scalef": 0.02, "tissue_lowres_scalef": 0.01}
        factors |= {"bin_size_um": float(width), "microns_per_pixel": PIXEL["visium_hd"]}
        factors["spot_diameter_fullres"] = width / PIXEL["visium_hd"]
        (spatial / "scalefactors_json.json").write_text(json.dumps(factors))
    binned.obsm["spatial"] = np.round(adata.obsm["spatial"] / 8) * 8.0
    return binned


def write_segmented(folder: Path, adata: AnnData) -> AnnData:
    """Add ``segmented_outputs`` to a folder of Visium HD, with square cells."""
    adata = adata.copy()
    adata.obs_names = [f"cellid_{n:09d}-1" for n in range(adata.n_obs)]
    segmented = folder / "segmented_outputs"
    (segmented / "spatial").mkdir(parents=True)
    write_10x_h5(segmented / "filtered_feature_cell_matrix.h5", adata)
    corners = 4 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
    outlines = adata.obsm["spatial"][:, None] / PIXEL["visium_hd"] + corners
    features = [
        {"properties": {"cell_id": n}, "geometry": {"coordinates": [outline.tolist()]}}
        for n, outline in enumerate(outlines)
    ]
    text = json.dumps({"features": features})
    (segmented / "cell_segmentations.geojson").write_text(text)
    factors = {"tissue_hires_scalef": 0.02, "tissue_lowres_scalef": 0.01}
    factors["microns_per_pixel"] = PIXEL["visium_hd"]
    (segmented / "spatial" / "scalefactors_json.json").write_text(json.dumps(factors))
    return adata


def write_xenium(folder: Path, adata: AnnData) -> AnnData:
    """Write what the Xenium analyser of version 2 does."""
    import zarr

    adata = adata.copy()
    number = np.arange(adata.n_obs, dtype=np.uint32)
    letters = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
    adata.obs_names = [f"{f'{n:08x}'.translate(letters)}-1" for n in number]
    folder.mkdir(parents=True)
    specs = {"pixel_size": PIXEL["xenium"], "analysis_sw_version": "xenium-2.0.0.10"}
    (folder / "experiment.xenium").write_text(json.dumps(specs))
    write_10x_h5(folder / "cell_feature_matrix.h5", adata)
    cells = pd.DataFrame({"cell_id": adata.obs_names.to_numpy()})
    cells["x_centroid"], cells["y_centroid"] = adata.obsm["spatial"].T
    cells["cell_area"] = 50.0
    cells.to_parquet(folder / "cells.parquet")
    with zarr.storage.ZipStore(folder / "cells.zarr.zip", mode="w") as store:
        group = zarr.open_group(store, mode="w", zarr_format=2)
        group["cell_id"] = np.column_stack([number, np.ones_like(number)])
        group.create_array(
            "cell_summary",
            data=np.zeros((adata.n_obs, 1)),
            attributes={"column_names": ["z_level"]},
        )
        for mask in "01":
            group[f"polygon_sets/{mask}/cell_index"] = number
    return adata


def write_merscope(folder: Path, adata: AnnData) -> AnnData:
    """Write what MERSCOPE does, with square cells."""
    import geopandas
    import shapely

    adata = adata.copy()
    adata.obs_names = [str(10**12 + n) for n in range(adata.n_obs)]
    (folder / "images").mkdir(parents=True)
    counts = pd.DataFrame(adata.X.toarray(), index=adata.obs_names, columns=adata.var_names)
    counts.to_csv(folder / "cell_by_gene.csv", index_label="cell")
    x, y = adata.obsm["spatial"].T
    cells = pd.DataFrame({"center_x": x, "center_y": y}, index=adata.obs_names)
    cells.to_csv(folder / "cell_metadata.csv", index_label="EntityID")
    squares = [shapely.MultiPolygon([each]) for each in shapely.box(x - 5, y - 5, x + 5, y + 5)]
    outlines = geopandas.GeoDataFrame(
        {"EntityID": np.array(adata.obs_names, dtype=np.int64), "ZIndex": 0}, geometry=squares
    )
    outlines.rename_geometry("Geometry").to_parquet(folder / "cell_boundaries.parquet")
    scale, offset = 1 / PIXEL["merscope"], OFFSET_OF_MOSAIC
    to_mosaic = np.array([[scale, 0, offset], [0, scale, 2 * offset], [0, 0, 1]])
    np.savetxt(folder / "images" / "micron_to_mosaic_pixel_transform.csv", to_mosaic)
    return adata


def write_cosmx(folder: Path, adata: AnnData) -> AnnData:
    """Write what CosMx does, with two fields of view side by side and cells of nine pixels."""
    from PIL import Image

    adata = adata.copy()
    pixels = np.round(adata.obsm["spatial"] / PIXEL["cosmx"] / 40).astype(int)
    adata = adata[~pd.DataFrame(pixels // 3).duplicated().to_numpy()].copy()
    pixels = 3 * (np.round(adata.obsm["spatial"] / PIXEL["cosmx"] / 40).astype(int) // 3) + 1
    width, height = pixels.max(axis=0) // 2 + 3
    width = 3 * (width // 3)
    height = 3 * (2 * height // 3 + 2)
    fov = 1 + (pixels[:, 0] > width)
    local = pixels - np.column_stack([(fov - 1) * width, np.zeros_like(fov)])
    ids = pd.Series(fov).groupby(fov).cumcount().to_numpy() + 1
    for name in ("CellComposite", "CellLabels"):
        (folder / name).mkdir(parents=True)
    for view in (1, 2):
        labels = np.zeros((height, width + 6), dtype=np.uint16)
        for number, (x, y) in zip(ids[fov == view], local[fov == view], strict=True):
            labels[height - 2 - y : height + 1 - y, x - 1 : x + 2] = number
        Image.fromarray(labels).save(folder / "CellLabels" / f"CellLabels_F00{view}.tif")
        Image.new("RGB", labels.shape[::-1]).save(
            folder / "CellComposite" / f"CellComposite_F00{view}.jpg"
        )
    keys = pd.DataFrame({"fov": fov, "cell_ID": ids})
    counts = pd.DataFrame(adata.X.toarray().astype(int), columns=adata.var_names)
    pd.concat([keys, counts], axis=1).to_csv(folder / "run_exprMat_file.csv", index=False)
    for kind, values in (("local", local), ("global", pixels)):
        keys[f"CenterX_{kind}_px"], keys[f"CenterY_{kind}_px"] = values.T + 0.5
    keys.to_csv(folder / "run_metadata_file.csv", index=False)
    views = pd.DataFrame({"fov": [1, 2], "x_global_px": [0, width], "y_global_px": [0, 0]})
    views["x_global_mm"] = views["x_global_px"] * PIXEL["cosmx"] / 1000
    views.to_csv(folder / "run_fov_positions_file.csv", index=False)
    adata.obs_names = [f"{cell}_{view}" for cell, view in zip(ids, fov, strict=True)]
    adata.obsm["spatial"] = (pixels + 0.5) * PIXEL["cosmx"]
    return adata


FOLDERS: dict[str, Callable[[Path, AnnData], AnnData]] = {
    "Visium": write_visium,
    "Visium HD": write_visium_hd,
    "Xenium": write_xenium,
    "MERSCOPE": write_merscope,
    "CosMx": write_cosmx,
}
