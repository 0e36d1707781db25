//! What the command line promises, tried on the built program as a user would.

// The program, started and watched.
mod program;
// Model folders, whole and damaged.
mod model_folder;

// Numbers, prompts and files that cannot be.
mod wrong_requests;
// Weights that are missing, cut, or not what they say.
mod damaged_weights;
// Weights in single files, and LoRAs.
mod model_files;
// The family of FLUX.1.
mod flux1;
// Configurations that make no sense.
mod damaged_configs;
// Files that are no pictures.
mod damaged_pictures;
// Pictures that the reference made.
mod reference_pictures;
// A part of a picture, and what is around one.
mod repainting;
// Seeds, threads, and stopping.
mod runs;
// From a picture to its layers.
mod splitting;
// Budgets, forecasts, and what many runs leave.
mod memory;
// What runs and their parts cost.
mod measuring;

// A server on this machine, and what comes from it.
mod server;
// Files over the network, one at a time.
mod fetching;
// Models that lie elsewhere and are used there.
mod linked_folders;
// Models over the network, and catalogues of one's own.
mod getting_models;

// Layered documents, made here.
mod layered_documents;

// From one format to another, and what a file holds.
mod conversions;
// Kills at any instant.
mod crashes;
// Files that something went wrong with.
mod damaged_documents;
