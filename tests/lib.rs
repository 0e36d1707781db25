//! What several crates promise together; the tests lie beside this file.

pub mod canvas_bench;
pub mod canvas_equality;
pub mod random_documents;
