//! What the marketplace is to be told of each instance: the last word on each, until it was sent.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::core::id::Id;
use crate::core::model::{Instance, InstanceState};

/// The last word on each instance.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    words: Mutex<BTreeMap<Uuid, Word>>,
    news: Notify,
}

#[derive(Debug)]
struct Word {
    state: InstanceState,
    message: Option<String>,
    detail: Value,
    sent: bool,
}

impl Reporter {
    /// Notes how far an instance is, to be told if it is news.
    pub(super) fn tell(&self, instance: Id<Instance>, state: InstanceState, message: Option<String>, detail: Value) {
        let mut words = self.words();
        let news = words
            .get(&instance.uuid())
            .is_none_or(|word| word.state != state || word.message != message || word.detail != detail);
        if news {
            tracing::info!(%instance, "{}{}", state.word(), message.as_ref().map(|text| format!(": {text}")).unwrap_or_default());
            words.insert(instance.uuid(), Word { state, message, detail, sent: false });
            self.news.notify_one();
        }
    }

    /// What was last told of an instance.
    pub(super) fn state(&self, instance: Id<Instance>) -> Option<InstanceState> {
        self.words().get(&instance.uuid()).map(|word| word.state)
    }

    /// Waits until there is something to tell.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// The next that is to be told. It counts as told unless it is put back.
    pub(super) fn next(&self) -> Option<(Id<Instance>, Value)> {
        let mut words = self.words();
        let (id, word) = words.iter_mut().find(|(_, word)| !word.sent)?;
        word.sent = true;
        Some(((*id).into(), json!({ "state": word.state, "message": word.message, "detail": word.detail })))
    }

    /// Notes that it was not told after all.
    pub(super) fn put_back(&self, instance: Id<Instance>) {
        if let Some(word) = self.words().get_mut(&instance.uuid()) {
            word.sent = false;
        }
    }

    /// Has everything told again: what was said on a lost connection may not have arrived.
    pub(super) fn tell_all_again(&self) {
        self.words().values_mut().for_each(|word| word.sent = false);
        self.news.notify_one();
    }

    /// Forgets all instances but these.
    pub(super) fn retain(&self, known: &HashSet<Id<Instance>>) {
        self.words().retain(|id, _| known.contains(&(*id).into()));
    }

    fn words(&self) -> MutexGuard<'_, BTreeMap<Uuid, Word>> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
