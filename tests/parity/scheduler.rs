use engine::{
    preprocess,
    scheduler::{Config, Schedule},
};
use serde_json::Value;

use crate::golden::{config, json, layered_dir, text};

fn check(schedule: &Schedule, case: &Value) {
    let expected: Vec<f64> =
        case["sigmas"].as_array().expect("sigmas").iter().filter_map(Value::as_f64).collect();
    assert_eq!(schedule.sigmas().len(), expected.len());
    for (step, (actual, expected)) in schedule.sigmas().iter().zip(&expected).enumerate() {
        assert!((f64::from(*actual) - expected).abs() <= 1e-6, "sigma {step} of {case}");
    }
    for (step, expected) in case["timesteps"].as_array().expect("timesteps").iter().enumerate() {
        let expected = expected.as_f64().expect("a number");
        let actual = f64::from(schedule.timestep(step));
        assert!((actual - expected).abs() <= 1e-3, "timestep {step} of {case}");
    }
}

fn number(case: &Value, name: &str) -> usize {
    case[name].as_u64().expect("a number") as usize
}

fn cases(name: &str) -> Vec<Value> {
    let cases = json("scheduler.json")[name].as_array().expect("cases").clone();
    assert!(!cases.is_empty());
    cases
}

#[test]
fn noise_levels_are_those_of_the_reference() {
    let config = Config::parse(&config("scheduler/scheduler_config.json")).expect("a scheduler");
    for case in cases("klein") {
        let (tokens, steps) = (number(&case, "image_seq_len"), number(&case, "steps"));
        check(&Schedule::new(&config, tokens, steps), &case);
    }
}

#[test]
fn sizes_and_noise_levels_of_layers_are_those_of_the_reference() {
    let file = text(&layered_dir().join("scheduler/scheduler_config.json"));
    let config = Config::parse(&file).expect("a scheduler");
    for case in cases("layered") {
        let ratio = |axis: usize| case["ratio"][axis].as_u64().expect("a side") as u32;
        let side = number(&case, "resolution") as u32;
        let size = preprocess::bucket_size(ratio(0), ratio(1), side);
        let expected = (number(&case, "width") as u32, number(&case, "height") as u32);
        assert_eq!(size, expected, "{case}");
        let tokens = number(&case, "cond_seq_len");
        assert_eq!(tokens, expected.0 as usize / 16 * (expected.1 as usize / 16), "{case}");
        check(&Schedule::layered(&config, tokens, number(&case, "steps")), &case);
    }
}

#[test]
fn an_exponential_shift_with_a_terminal_is_that_of_the_reference() {
    let config = r#"{"use_dynamic_shifting": true, "shift_terminal": 0.02}"#;
    let config = Config::parse(config).expect("a scheduler");
    for case in cases("qwen_image_base_exponential_terminal") {
        let (tokens, steps) = (number(&case, "cond_seq_len"), number(&case, "steps"));
        check(&Schedule::layered(&config, tokens, steps), &case);
    }
}
