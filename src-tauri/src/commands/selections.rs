//! Selections: made of shapes, joined, changed, outlined, turned into masks.

use editing::{Change, Combine, Grid, Mask};
use serde_json::Value;
use tauri::{AppHandle, Runtime};

use super::{
    off_the_main_thread,
    pixels::{keep_mask, selection, to_grid},
};
use crate::{
    error::{AppError, Result},
    shell::Shell,
    wire::{
        self,
        document::MaskWire,
        pixels::{
            MaskOfWire, MaskReply, ModifyWire, OutlineReply, SelectWire, SelectionWire, ShapeWire,
        },
    },
};

#[tauri::command]
pub(crate) async fn select<R: Runtime>(
    app: AppHandle<R>,
    request: Value,
) -> Result<Option<SelectionWire>> {
    let asked: SelectWire = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let mut new = selected(shell, &asked)?;
        if let Some(mask) = new.take_if(|_| asked.feather > 0.0) {
            // Feathering knows no canvas.
            new = editing::modify(&mask, mask.area(), Change::Feather(asked.feather))?;
        }
        let op = asked.op();
        let base = asked.base.filter(|_| op != Combine::Replace);
        let base = base.map(|base| selection(shell, base)).transpose()?;
        Ok(keep(shell, editing::combine(base.as_ref(), op, new)?))
    })
    .await
}

#[tauri::command]
pub(crate) async fn modify_selection<R: Runtime>(
    app: AppHandle<R>,
    request: Value,
) -> Result<Option<SelectionWire>> {
    let asked: ModifyWire = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        let mask = selection(shell, asked.selection)?;
        Ok(keep(shell, editing::modify(&mask, asked.canvas.into(), asked.change())?))
    })
    .await
}

#[tauri::command]
pub(crate) async fn selection_outline<R: Runtime>(
    app: AppHandle<R>,
    id: u64,
) -> Result<OutlineReply> {
    off_the_main_thread(&app, move |_, shell| {
        let plane = shell.keeps.mask(id).ok_or_else(AppError::image_unknown)?;
        Ok(OutlineReply { lines: editing::outline(&to_grid(&plane)?) })
    })
    .await
}

#[tauri::command]
pub(crate) async fn mask_of<R: Runtime>(app: AppHandle<R>, request: Value) -> Result<MaskReply> {
    let asked: MaskOfWire = wire::parse(request)?;
    off_the_main_thread(&app, move |_, shell| {
        Ok(keep_mask(shell, &selection(shell, asked.selection)?))
    })
    .await
}

fn selected(shell: &Shell, asked: &SelectWire) -> Result<Option<Mask>> {
    if let Some(shape) = asked.shape.drawn() {
        return Ok(editing::shape(&shape, asked.antialias)?);
    }
    match asked.shape {
        ShapeWire::Alpha { image, x, y } => {
            let image = shell.image(image)?;
            let alpha = image.rgba().iter().skip(3).step_by(4).copied().collect();
            let grid = Grid::new(image.width(), image.height(), 1, alpha)?;
            Ok(Mask { x, y, grid }.trimmed())
        }
        ShapeWire::Mask { mask: MaskWire { id, x, y, .. } } => {
            let plane = shell.keeps.mask(id).ok_or_else(AppError::image_unknown)?;
            Ok(Mask { x, y, grid: to_grid(&plane)? }.trimmed())
        }
        _ => Ok(None),
    }
}

fn keep(shell: &Shell, mask: Option<Mask>) -> Option<SelectionWire> {
    mask.map(|mask| keep_mask(shell, &mask).mask)
}
