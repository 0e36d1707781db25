//! What each operation took of what the machine can do, as a table and as JSON.

use std::collections::BTreeMap;

use engine::profile::{Ceilings, Cost, ceilings, watch};
use serde_json::{Value, json};

use super::rounded;
use crate::say;

/// Runs `work`; where it is wanted, prints what its operations cost, and gives that for the result.
pub(super) fn around<T>(wanted: bool, work: impl FnOnce() -> T) -> (T, Option<Value>) {
    if !wanted {
        return (work(), None);
    }
    let most = ceilings();
    let start = std::time::Instant::now();
    let (result, costs) = watch(work);
    let all = start.elapsed().as_secs_f64();
    say(&table(&costs, &most, all));
    (result, Some(as_json(&costs, &most)))
}

/// The time that the machine needs for this at least, and how much of it was used, in percent.
fn floor(name: &str, cost: &Cost, most: &Ceilings) -> (f64, f64) {
    let flops = if name.contains("Int8") { most.int8_flops } else { most.bf16_flops };
    let of_products = flops.map_or(0.0, |flops| cost.flop / flops);
    let floor = of_products.max(cost.bytes / most.bytes);
    (floor, 100.0 * floor / cost.seconds.max(1e-9))
}

/// The longest first.
fn sorted(costs: &BTreeMap<String, Cost>) -> Vec<(&String, &Cost)> {
    let mut rows: Vec<_> = costs.iter().collect();
    rows.sort_by(|a, b| b.1.seconds.total_cmp(&a.1.seconds));
    rows
}

fn table(costs: &BTreeMap<String, Cost>, most: &Ceilings, all: f64) -> String {
    let tera =
        |flops: Option<f64>| flops.map_or("none".into(), |flops| format!("{:.2}", flops / 1e12));
    let mut text = format!(
        "Ceilings: bf16 {} TFLOP/s, int8 {} TOP/s, memory {:.1} GB/s\n\n\
         {:<52} {:>6} {:>9} {:>9} {:>8} {:>7} {:>9} {:>5}\n",
        tera(most.bf16_flops),
        tera(most.int8_flops),
        most.bytes / 1e9,
        "operation",
        "times",
        "seconds",
        "GFLOP",
        "TFLOP/s",
        "GB",
        "floor s",
        "%"
    );
    let mut line = |name: &str, cost: &Cost, (floor, share): (f64, f64)| {
        text += &format!(
            "{name:<52} {:>6} {:>9.3} {:>9.1} {:>8.2} {:>7.2} {floor:>9.3} {share:>5.0}\n",
            cost.count,
            cost.seconds,
            cost.flop / 1e9,
            cost.flop / cost.seconds.max(1e-9) / 1e12,
            cost.bytes / 1e9,
        );
    };
    let mut sum = Cost::default();
    let mut floors = 0.0;
    for (name, cost) in sorted(costs) {
        let (least, share) = floor(name, cost, most);
        line(name, cost, (least, share));
        sum.count += cost.count;
        sum.seconds += cost.seconds;
        sum.flop += cost.flop;
        sum.bytes += cost.bytes;
        floors += least;
    }
    let rest = Cost { seconds: all - sum.seconds, ..Cost::default() };
    line("everything else", &rest, (0.0, 0.0));
    sum.seconds = all;
    line("all", &sum, (floors, 100.0 * floors / all.max(1e-9)));
    text
}

fn as_json(costs: &BTreeMap<String, Cost>, most: &Ceilings) -> Value {
    let rows: Vec<Value> = sorted(costs)
        .into_iter()
        .map(|(name, cost)| {
            let (least, share) = floor(name, cost, most);
            json!({
                "operation": name,
                "count": cost.count,
                "seconds": rounded(cost.seconds),
                "flop": cost.flop,
                "bytes": cost.bytes,
                "floor_seconds": rounded(least),
                "percent_of_ceiling": share.round(),
            })
        })
        .collect();
    json!({
        "ceilings": {
            "bf16_flops": most.bf16_flops,
            "int8_flops": most.int8_flops,
            "memory_bytes_per_second": most.bytes,
        },
        "operations": rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_what_products_or_memory_need() {
        let most = Ceilings { bf16_flops: Some(1e12), int8_flops: Some(2e12), bytes: 1e10 };
        let cost = Cost { count: 1, seconds: 4.0, flop: 2e12, bytes: 1e9 };
        assert_eq!(floor("product Bf16 1 x 1 x 1", &cost, &most), (2.0, 50.0));
        assert_eq!(floor("product Int8 1 x 1 x 1", &cost, &most), (1.0, 25.0));
        let cost = Cost { bytes: 3e10, ..cost };
        assert_eq!(floor("gelu", &cost, &most), (3.0, 75.0));
        let costs = BTreeMap::from([("gelu".into(), cost)]);
        assert!(table(&costs, &most, 5.0).contains("everything else"));
        assert_eq!(as_json(&costs, &most)["operations"][0]["percent_of_ceiling"], 75.0);
    }
}
