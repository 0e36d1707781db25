//! Pictures, masks and layers that are edited: every edit makes a picture of its own.

use document::{Plane, Samples};
use editing::{Area, Grid, Mask};
use serde_json::Value;
use tauri::{
    AppHandle, Runtime,
    ipc::{InvokeBody, Request, Response},
};

use super::off_the_main_thread;
use crate::{
    error::{AppError, Code, Result},
    memory,
    shell::Shell,
    translate,
    wire::{
        self,
        document::{DocumentWire, MaskWire},
        pixels::{
            ApplyMaskWire, AreaWire, LockPixelsWire, MadeReply, MaskReply, PatchWire, PlacedReply,
            SelectionWire, TransformWire, UnderWire,
        },
    },
};

/// More tiles than any screen shows.
const MAX_TILES: usize = 4096;

#[tauri::command]
pub(crate) async fn load_tiles<R: Runtime>(
    app: AppHandle<R>,
    id: u64,
    level: u32,
    tiles: Vec<(u32, u32)>,
) -> Result<Response> {
    check_tiles(&tiles)?;
    let bytes = off_the_main_thread(&app, move |_, shell| {
        let mut bytes = Vec::new();
        if let Some(plane) = shell.keeps.mask(id) {
            let grid = to_grid(&plane)?;
            let size = (grid.width(), grid.height());
            for tile in tiles {
                let load = |area| grid.part(area, 0).unwrap_or_else(|_| grid.clone());
                bytes.extend(editing::level_tile(size, level, tile, load)?.bytes());
            }
            return Ok(bytes);
        }
        let image = shell.image_id(id);
        for tile in tiles {
            let tile = shell.images()?.level_tile(image, level, tile);
            bytes.extend(tile.ok_or_else(AppError::image_unknown)??.bytes());
        }
        Ok(bytes)
    })
    .await?;
    Ok(Response::new(bytes))
}

#[tauri::command]
pub(crate) async fn render_tiles<R: Runtime>(
    app: AppHandle<R>,
    document: Value,
    level: u32,
    tiles: Vec<(u32, u32)>,
) -> Result<Response> {
    let document: DocumentWire = wire::parse(document)?;
    check_tiles(&tiles)?;
    let bytes = off_the_main_thread(&app, move |_, shell| {
        let mut document = translate::to_shown(shell, &document)?;
        document.depth = document::Depth::Eight;
        let size = (document.width, document.height);
        let mut bytes = Vec::new();
        for tile in tiles {
            let composite = |area: Area| composite(&document, area);
            bytes.extend(editing::level_tile(size, level, tile, composite)?.bytes());
        }
        Ok(bytes)
    })
    .await?;
    Ok(Response::new(bytes))
}

#[tauri::command]
pub(crate) async fn patch_image<R: Runtime>(
    app: AppHandle<R>,
    request: Request<'_>,
) -> Result<MadeReply> {
    let (about, bytes) = patch(&request)?;
    off_the_main_thread(&app, move |_, shell| {
        let id = about.id.unwrap_or_default();
        let tiled = shell.tiled(id)?;
        let pixels = Grid::new(about.width, about.height, 4, bytes)?;
        let (patched, bytes) = tiled.patched(about.x, about.y, &pixels)?;
        Ok(made(shell.images()?.insert_tiled(patched), bytes))
    })
    .await
}

#[tauri::command]
pub(crate) async fn patch_mask<R: Runtime>(
    app: AppHandle<R>,
    request: Request<'_>,
) -> Result<MaskReply> {
    let (about, bytes) = patch(&request)?;
    off_the_main_thread(&app, move |_, shell| {
        let pixels = Grid::new(about.width, about.height, 1, bytes)?;
        let Some(id) = about.id else {
            return Ok(keep_mask(shell, &Mask { x: about.x, y: about.y, grid: pixels }));
        };
        // It grows where the patch reaches outside; places are the old mask's own.
        let old = to_grid(&*shell.mask(id)?)?;
        let area = old.area().join(about.area()).check()?;
        let mut grown = old.part(area, about.fill)?;
        grown.put((about.x - area.x) as u32, (about.y - area.y) as u32, &pixels);
        Ok(keep_mask(shell, &Mask { x: area.x, y: area.y, grid: grown }))
    })
    .await
}

#[tauri::command]
pub(crate) async fn create_image<R: Runtime>(
    app: AppHandle<R>,
    width: u32,
    height: u32,
    colour: Option<Vec<u8>>,
) -> Result<MadeReply> {
    let pixel = match colour.as_deref() {
        None => [0; 4],
        Some(&[red, green, blue]) => [red, green, blue, 255],
        Some(&[red, green, blue, alpha]) => [red, green, blue, alpha],
        Some(_) => {
            return Err(AppError::new(Code::InvalidRequest, "a colour has three or four parts"));
        }
    };
    off_the_main_thread(&app, move |_, shell| {
        Area { x: 0, y: 0, width, height }.check()?;
        memory::check(u64::from(width) * u64::from(height) * 4)?;
        keep(shell, Grid::filled(width, height, &pixel)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn grow_image<R: Runtime>(
    app: AppHandle<R>,
    id: u64,
    x: i32,
    y: i32,
    width: u32,
    height: u32,
) -> Result<MadeReply> {
    let area: Area = AreaWire { x, y, width, height }.into();
    off_the_main_thread(&app, move |_, shell| {
        area.check()?;
        memory::check(u64::from(width) * u64::from(height) * 4)?;
        keep(shell, grid(shell, id)?.part(area, 0)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn trim_image<R: Runtime>(app: AppHandle<R>, id: u64) -> Result<PlacedReply> {
    off_the_main_thread(&app, move |_, shell| keep_trimmed(shell, 0, 0, &grid(shell, id)?)).await
}

#[tauri::command]
pub(crate) async fn transform_layer<R: Runtime>(
    app: AppHandle<R>,
    transform: Value,
) -> Result<PlacedReply> {
    let asked: TransformWire = wire::parse(transform)?;
    off_the_main_thread(&app, move |_, shell| {
        let (matrix, filter) = (asked.matrix(), asked.filter());
        let grid = grid(shell, asked.image)?;
        let placed = editing::transform((&grid, asked.x, asked.y), matrix, filter, 0)?;
        let mask = asked.mask.map(|MaskWire { id, x, y, outside, .. }| {
            let mask = to_grid(&*shell.mask(id)?)?;
            let turned = editing::transform((&mask, x, y), matrix, filter, outside)?;
            Ok::<_, AppError>(keep_mask(
                shell,
                &Mask { x: turned.x, y: turned.y, grid: turned.grid },
            ))
        });
        let mask = mask.transpose()?;
        let mut reply = keep_placed(shell, placed.x, placed.y, placed.grid)?;
        reply.bytes += mask.map_or(0, |mask| mask.bytes);
        reply.mask = mask.map(|mask| mask.mask);
        Ok(reply)
    })
    .await
}

#[tauri::command]
pub(crate) async fn clear_selected<R: Runtime>(
    app: AppHandle<R>,
    request: Value,
) -> Result<MadeReply> {
    under(app, request, |picture, selection, _| editing::clear(picture, selection)).await
}

#[tauri::command]
pub(crate) async fn fill_selected<R: Runtime>(
    app: AppHandle<R>,
    request: Value,
) -> Result<MadeReply> {
    under(app, request, editing::fill).await
}

#[tauri::command]
pub(crate) async fn copy_selected<R: Runtime>(
    app: AppHandle<R>,
    request: Value,
) -> Result<PlacedReply> {
    let asked: UnderWire = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let selection = selection(shell, asked.selection)?;
        let placed = editing::copy((&grid(shell, asked.image)?, asked.x, asked.y), &selection)?;
        keep_placed(shell, placed.x, placed.y, placed.grid)
    })
    .await
}

#[tauri::command]
pub(crate) async fn apply_mask<R: Runtime>(app: AppHandle<R>, request: Value) -> Result<MadeReply> {
    let asked: ApplyMaskWire = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let MaskWire { id, x, y, outside, .. } = asked.mask;
        let mask = Mask { x, y, grid: to_grid(&*shell.mask(id)?)? };
        let picture = (grid(shell, asked.image)?, asked.x, asked.y);
        keep_edited(shell, asked.image, editing::apply_mask(picture, &mask, outside)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn flatten_layers<R: Runtime>(
    app: AppHandle<R>,
    document: Value,
) -> Result<PlacedReply> {
    let document: DocumentWire = wire::parse(document)?;
    off_the_main_thread(&app, move |_, shell| {
        let mut document = translate::to_shown(shell, &document)?;
        document.depth = document::Depth::Eight;
        let area = Area { x: 0, y: 0, width: document.width, height: document.height };
        keep_trimmed(shell, 0, 0, &composite(&document, area))
    })
    .await
}

#[tauri::command]
pub(crate) async fn sample_pixel<R: Runtime>(
    app: AppHandle<R>,
    document: Value,
    x: i32,
    y: i32,
) -> Result<[u8; 4]> {
    let document: DocumentWire = wire::parse(document)?;
    off_the_main_thread(&app, move |_, shell| {
        let mut document = translate::to_shown(shell, &document)?;
        document.depth = document::Depth::Eight;
        let whole = Area { x: 0, y: 0, width: document.width, height: document.height };
        let pixel = composite(&document, Area { x, y, width: 1, height: 1 }.meet(whole));
        Ok(pixel.bytes().first_chunk().copied().unwrap_or_default())
    })
    .await
}

#[tauri::command]
pub(crate) async fn lock_pixels<R: Runtime>(
    app: AppHandle<R>,
    request: Value,
) -> Result<MadeReply> {
    let asked: LockPixelsWire = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let original = grid(shell, asked.original)?;
        let place = Area { x: asked.x, y: asked.y, ..original.area() };
        let source = grid(shell, asked.made)?;
        let reached = Area { x: asked.made_x, y: asked.made_y, ..source.area() };
        // Where nothing was made, nothing is repainted.
        let mask = selection(shell, asked.selection)?.over(reached)?.over(place)?;
        let made =
            source.part(Area { x: place.x - reached.x, y: place.y - reached.y, ..place }, 0)?;
        let locked = editing::lock_pixels(
            original.bytes(),
            made.bytes(),
            mask.grid.bytes(),
            original.width() as usize,
            asked.band,
        );
        let locked = Grid::new(original.width(), original.height(), 4, locked)?;
        keep_edited(shell, asked.original, locked)
    })
    .await
}

/// Changes a placed picture under a selection; not every edit has a use for a colour.
type Edit = fn((Grid, i32, i32), &Mask, [u8; 3]) -> editing::Result<Grid>;

async fn under<R: Runtime>(app: AppHandle<R>, request: Value, edit: Edit) -> Result<MadeReply> {
    let asked: UnderWire = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let selection = selection(shell, asked.selection)?;
        let picture = (grid(shell, asked.image)?, asked.x, asked.y);
        keep_edited(shell, asked.image, edit(picture, &selection, asked.colour)?)
    })
    .await
}

fn check_tiles(tiles: &[(u32, u32)]) -> Result<()> {
    if tiles.len() > MAX_TILES {
        let message = format!("at most {MAX_TILES} tiles are given at once");
        return Err(AppError::new(Code::InvalidRequest, message));
    }
    Ok(())
}

fn patch(request: &Request<'_>) -> Result<(PatchWire, Vec<u8>)> {
    let InvokeBody::Raw(bytes) = request.body() else {
        return Err(AppError::new(Code::InvalidRequest, "pixels must come as bytes"));
    };
    let about = request.headers().get("x-about").map_or(&b""[..], |value| value.as_bytes());
    let about: Value = serde_json::from_slice(about)
        .map_err(|error| AppError::new(Code::InvalidRequest, format!("a wrong header: {error}")))?;
    Ok((wire::parse(about)?, bytes.clone()))
}

/// A rectangle of what the document looks like.
fn composite(document: &document::Document, area: Area) -> Grid {
    let end = |edge: i64| u32::try_from(edge).unwrap_or_default();
    let (columns, rows) =
        (end(area.x.into())..end(area.right()), end(area.y.into())..end(area.bottom()));
    let raster = document::flatten_area(document, columns, rows);
    let (width, height) = (raster.width(), raster.height());
    match raster.into_samples() {
        Samples::Eight(rgba) => Grid::rgba(width, height, rgba),
        // The depth was set to 8.
        Samples::Sixteen(_) => Grid::rgba(0, 0, Vec::new()),
    }
}

fn grid(shell: &Shell, id: u64) -> Result<Grid> {
    let image = shell.image(id)?;
    let (width, height) = (image.width(), image.height());
    memory::check(image.rgba().len() as u64 * 2)?;
    Ok(Grid::rgba(width, height, image.rgba().to_vec()))
}

/// A mask's values in 8 bits.
pub(super) fn to_grid(plane: &Plane) -> Result<Grid> {
    let Samples::Eight(values) = plane.samples().to_depth(document::Depth::Eight) else {
        return Err(AppError::internal("8 bits were asked for"));
    };
    Ok(Grid::new(plane.width(), plane.height(), 1, values)?)
}

pub(super) fn selection(shell: &Shell, wire: SelectionWire) -> Result<Mask> {
    Ok(Mask { x: wire.x, y: wire.y, grid: to_grid(&*shell.mask(wire.id)?)? })
}

pub(super) fn keep_mask(shell: &Shell, mask: &Mask) -> MaskReply {
    let area = mask.area();
    let values = mask.grid.bytes().to_vec();
    let bytes = values.len();
    let plane = Plane::new(area.width, area.height, Samples::Eight(values));
    // The values were counted from the size.
    let id = plane.map_or(0, |plane| shell.keeps.keep_mask(plane));
    let mask = SelectionWire { id, x: area.x, y: area.y, width: area.width, height: area.height };
    MaskReply { mask, bytes }
}

fn made(info: engine::ImageInfo, bytes: usize) -> MadeReply {
    MadeReply { id: info.id.0, width: info.width, height: info.height, bytes }
}

fn keep(shell: &Shell, grid: Grid) -> Result<MadeReply> {
    let (width, height) = (grid.width(), grid.height());
    if width == 0 || height == 0 {
        return Err(AppError::new(Code::InvalidRequest, "a picture has at least one pixel"));
    }
    let tiled = editing::Tiled::new(width, height, 4, grid.bytes())?;
    let bytes = tiled.bytes_beyond(&[]);
    Ok(made(shell.images()?.insert_tiled(tiled), bytes))
}

/// Keeps a picture that was made of another one of the same size, with which it shares what is equal.
fn keep_edited(shell: &Shell, before: u64, grid: Grid) -> Result<MadeReply> {
    let before = shell.tiled(before)?;
    let (tiled, bytes) = before.patched(0, 0, &grid)?;
    Ok(made(shell.images()?.insert_tiled(tiled), bytes))
}

fn keep_placed(shell: &Shell, x: i32, y: i32, grid: Grid) -> Result<PlacedReply> {
    let (width, height) = (grid.width(), grid.height());
    if width == 0 || height == 0 {
        return Ok(PlacedReply { image_id: 0, x, y, width: 0, height: 0, bytes: 0, mask: None });
    }
    let MadeReply { id: image_id, bytes, .. } = keep(shell, grid)?;
    Ok(PlacedReply { image_id, x, y, width, height, bytes, mask: None })
}

fn keep_trimmed(shell: &Shell, x: i32, y: i32, grid: &Grid) -> Result<PlacedReply> {
    let content = grid.content();
    keep_placed(shell, x + content.x, y + content.y, grid.part(content, 0)?)
}

impl Shell {
    /// A picture that the page names, in tiles.
    fn tiled(&self, id: u64) -> Result<std::sync::Arc<editing::Tiled>> {
        let id = self.image_id(id);
        self.images()?.tiled(id).ok_or_else(AppError::image_unknown)
    }

    fn mask(&self, id: u64) -> Result<std::sync::Arc<Plane>> {
        self.keeps.mask(id).ok_or_else(AppError::image_unknown)
    }
}

impl From<editing::Error> for AppError {
    fn from(error: editing::Error) -> Self {
        Self::new(Code::InvalidRequest, error.to_string())
    }
}
