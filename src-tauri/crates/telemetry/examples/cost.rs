//! What looking costs: ten looks a second for a number of seconds, then the share of one processor.
//!
//! `cargo run --release --package telemetry --example cost -- 60`

#![expect(clippy::print_stdout, reason = "what it is for")]

use std::{
    env, fs, thread,
    time::{Duration, Instant},
};

use telemetry::Sampler;

const TICK: Duration = Duration::from_millis(100);

fn main() {
    let seconds = env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let mut sampler = Sampler::new();
    let began = Instant::now();
    let before = processor_time();
    let mut looks = 0;
    while began.elapsed() < Duration::from_secs(seconds) {
        let sample = sampler.sample(began.elapsed());
        looks += 1;
        if looks == 10 {
            println!("{sample:#?}");
        }
        thread::sleep((TICK * looks).saturating_sub(began.elapsed()));
    }
    let (taken, elapsed) = (processor_time() - before, began.elapsed());
    let share = taken.as_secs_f64() / elapsed.as_secs_f64();
    println!(
        "{looks} looks in {elapsed:.1?}: {taken:.1?}, {:.3} % of one processor",
        100.0 * share
    );
}

/// Nanoseconds on a processor, of all threads: finer than the hundredths of `/proc/self/stat`.
fn processor_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}
