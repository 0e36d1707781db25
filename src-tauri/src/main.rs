//! Starts the window.

fn main() -> std::process::ExitCode {
    app::run()
}
