//! What differs between two JSON values, place by place.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A place where two values differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The place, such as `product.facts.name` or `configuration[0].task[1].label`.
    pub field: String,
    /// What is there, null for nothing.
    pub from: Value,
    /// What should be there, null for nothing.
    pub to: Value,
}

/// At most this many differences are told.
const MOST: usize = 100;

/// The places where two values differ, in order.
pub fn differences(from: &Value, to: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", from, to, &mut found);
    found
}

fn compare(place: &str, from: &Value, to: &Value, found: &mut Vec<Difference>) {
    if from == to || found.len() >= MOST {
        return;
    }
    match (from, to) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                compare(&place, old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for index in 0..old.len().max(new.len()) {
                let entry = |list: &[Value]| list.get(index).cloned().unwrap_or(Value::Null);
                compare(&format!("{place}[{index}]"), &entry(old), &entry(new), found);
            }
        }
        _ => found.push(Difference { field: place.to_owned(), from: from.clone(), to: to.clone() }),
    }
}
