//! Starts the window.

#[global_allocator]
static MEMORY: engine::LargePages = engine::LargePages;

fn main() -> std::process::ExitCode {
    app::run()
}
