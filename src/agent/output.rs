//! What tasks print, on its way to the marketplace: the end of it, for each instance whose output has changed.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use xxhash_rust::xxh3::xxh3_64;

use super::Agent;
use super::runner::{Replica, Unit};
use crate::core::deployment::logs::{KEPT, clean};
use crate::core::id::Id;
use crate::core::model::Instance;

/// How often output is looked at.
const PERIOD: Duration = Duration::from_secs(5);

impl Agent {
    /// Tells the marketplace what tasks print, for as long as the agent runs.
    pub(super) async fn tell_output(&self) {
        let mut told: HashMap<Id<Instance>, u64> = HashMap::new();
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(platform) = self.marketplace.address().filter(|_| self.marketplace.keeps()) else { continue };
            let Ok(units) = self.runner.units().await else { continue };
            let mut of_instance: HashMap<Id<Instance>, Vec<Unit>> = HashMap::new();
            for unit in units {
                of_instance.entry(unit.key.instance).or_default().push(unit);
            }
            told.retain(|instance, _| of_instance.contains_key(instance));
            for (instance, units) in of_instance {
                let mut content = self.remember(instance, |memory| memory.last_words.clone());
                content.push_str(&self.output_of(&units).await);
                let content = tail(&content, KEPT).to_owned();
                let hash = xxh3_64(content.as_bytes());
                if content.is_empty() || told.get(&instance) == Some(&hash) {
                    continue;
                }
                if self.marketplace.client().send_logs(&platform, instance.uuid(), &content).await.is_ok() {
                    told.insert(instance, hash);
                }
            }
        }
    }

    /// The output of an instance's units, each line with its task before it, within what is kept.
    pub(super) async fn output_of(&self, units: &[Unit]) -> String {
        let mut units: Vec<&Unit> = units.iter().collect();
        units.sort_by_key(|unit| (unit.started_at, unit.key.replica));
        let mut content = String::new();
        for unit in &units {
            let text = self.runner.output(unit).await.unwrap_or_default();
            let name = match unit.key.replica {
                Replica::Number(0) | Replica::Due(_) => unit.key.task.clone(),
                Replica::Number(number) => format!("{} {number}", unit.key.task),
            };
            let share = KEPT / units.len();
            let text = clean(&text);
            let lines = tail(&text, share).lines().map(|line| format!("[{name}] {line}\n"));
            content.push_str(tail(&lines.collect::<String>(), share));
        }
        content
    }
}

/// The whole lines at the end of a text, of so many bytes at most; of one long line its end.
fn tail(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let start = (text.len() - most..text.len()).find(|place| text.is_char_boundary(*place)).unwrap_or(text.len());
    let end = &text[start..];
    end.split_once('\n').map(|(_, whole)| whole).filter(|whole| !whole.is_empty()).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::tail;

    #[test]
    fn the_end_is_of_whole_lines() {
        assert_eq!(tail("one\ntwo\n", 100), "one\ntwo\n");
        assert_eq!(tail("one\ntwo\nthree\n", 8), "three\n");
        assert_eq!(tail("äöü", 3), "ü");
        assert_eq!(tail("", 0), "");
        assert_eq!(tail("one long line\n", 6), " line\n");
    }
}
