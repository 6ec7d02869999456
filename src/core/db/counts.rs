//! Counts of rows, kept for a moment: an exact total costs more than a page, and walks ask for the same again and again.

use std::sync::Arc;
use std::time::Duration;

use super::{Arg, Db, Statement};
use crate::core::clock::Timestamp;
use crate::core::{Error, Result};

/// How long a count is kept. It holds until the next change that this server hears of; this bounds what it does not
/// hear of, and how late an instant of publication that passes is counted.
const LIFETIME: Duration = Duration::from_secs(1);
/// The most bytes that all questions take together.
const CAPACITY: u64 = 4 * 1024 * 1024;

/// What was counted, as of which generation of the database. The statement carries the scope of who asks.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Question {
    generation: u64,
    text: String,
    args: Vec<Arg>,
}

/// The counts kept.
pub(super) struct Counts(moka::future::Cache<Question, i64>);

impl Default for Counts {
    fn default() -> Self {
        let weigh = |question: &Question, _: &i64| {
            let args: usize = question.args.iter().map(|arg| size_of::<Arg>() + arg.heap_size()).sum();
            u32::try_from(question.text.len() + args + 128).unwrap_or(u32::MAX)
        };
        Self(moka::future::Cache::builder().max_capacity(CAPACITY).time_to_live(LIFETIME).weigher(weigh).build())
    }
}

impl Db {
    /// What a statement counts, at most a second ago, if nothing has changed since. That it asks for the present
    /// instant makes it no other question.
    ///
    /// # Errors
    /// When the database refuses the statement or is away.
    pub async fn count(&self, statement: Statement, now: Timestamp) -> Result<i64> {
        // What a transaction counts is its own.
        if self.in_transaction() {
            return self.scalar(statement).await;
        }
        let now = Arg::from(now);
        let timeless = |arg: &Arg| if *arg == now { Arg::Time(None) } else { arg.clone() };
        // The generation is read before the rows are, so that a change in between makes this count unreachable.
        let question = Question {
            generation: self.generation(),
            text: statement.text.to_string(),
            args: statement.args.iter().map(timeless).collect(),
        };
        // Of many who ask at once, one counts and the others wait for it.
        let count = self.commits.counts.0.try_get_with(question, self.scalar(statement)).await;
        count.map_err(|error| {
            Arc::into_inner(error).unwrap_or_else(|| Error::unavailable("Counting failed. Please try again."))
        })
    }
}
