//! What several crates promise together; the tests lie beside this file.

pub mod random_documents;
