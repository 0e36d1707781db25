use engine::scheduler::{Config, Schedule};

use crate::golden::{config, json};

#[test]
fn noise_levels_are_those_of_the_reference() {
    let config = Config::parse(&config("scheduler/scheduler_config.json")).expect("a scheduler");
    let cases = json("scheduler.json");
    let cases = cases["klein"].as_array().expect("cases");
    assert!(!cases.is_empty());
    for case in cases {
        let number = |name: &str| case[name].as_u64().expect("a number") as usize;
        let schedule = Schedule::new(&config, number("image_seq_len"), number("steps"));
        let expected: Vec<f64> = case["sigmas"]
            .as_array()
            .expect("sigmas")
            .iter()
            .filter_map(serde_json::Value::as_f64)
            .collect();
        assert_eq!(schedule.sigmas().len(), expected.len());
        for (step, (actual, expected)) in schedule.sigmas().iter().zip(&expected).enumerate() {
            assert!((f64::from(*actual) - expected).abs() <= 1e-6, "sigma {step} of {case}");
        }
        for (step, expected) in case["timesteps"].as_array().expect("timesteps").iter().enumerate()
        {
            let expected = expected.as_f64().expect("a number");
            assert!(
                (f64::from(schedule.timestep(step)) - expected).abs() <= 1e-3,
                "timestep {step} of {case}"
            );
        }
    }
}
