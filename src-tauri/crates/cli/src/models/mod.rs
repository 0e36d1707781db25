//! `asset-editor models`: lists them, gets them, and remembers where others lie.

mod download;
mod link;
mod list;
mod token;
mod verify;

use crate::{
    arguments::{Models, ModelsTask},
    failure::Failure,
};

pub(crate) fn run(options: &Models) -> Result<(), Failure> {
    match &options.task {
        None => list::run(options.json),
        Some(ModelsTask::List { json }) => list::run(*json),
        Some(ModelsTask::Add { path }) => link::add(path),
        Some(ModelsTask::Verify { id, json }) => verify::run(id.as_deref(), *json),
        Some(ModelsTask::Download { id, accept_licence, token_from_stdin }) => {
            download::run(id, *accept_licence, *token_from_stdin)
        }
        Some(ModelsTask::Link { folder }) => link::link(folder),
        Some(ModelsTask::Unlink { folder }) => link::unlink(folder),
        Some(ModelsTask::Token(task)) => token::run(*task),
    }
}
