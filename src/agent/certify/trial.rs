//! One task tried: started, asked, started beside itself, stopped, started anew, killed and started again.

use std::time::Duration;

use tokio::time::Instant;

use super::image::Image;
use super::rule::{Findings, Rule, Verdict, shown};
use super::stand::{Outcome, Stand};
use super::{Task, http, processes, written};
use crate::agent::runner::GRACE;

/// The code of what was ended by force: 128 and the number of SIGKILL.
const KILLED: i64 = 137;
/// Allowed for what the engine itself takes.
const MARGIN: Duration = Duration::from_millis(500);

/// What can't be told of a task that does not come up.
const OF_THE_LIVING: &[Rule] = &[
    Rule::Ephemeral,
    Rule::Environment,
    Rule::Scaling,
    Rule::Sessions,
    Rule::Process,
    Rule::Names,
    Rule::Http,
    Rule::Memory,
    Rule::Crash,
];

/// A task on trial.
pub(super) struct Trial<'a> {
    pub(super) stand: &'a Stand,
    pub(super) image: &'a Image,
    pub(super) task: &'a Task,
    pub(super) patience: Duration,
    pub(super) findings: Findings,
}

impl Trial<'_> {
    /// Tries the task, and answers what was found.
    pub(super) async fn run(mut self) -> Findings {
        let begun = Instant::now();
        let id = match self.stand.start(self.image, self.task).await {
            Ok(id) => id,
            Err(why) => {
                let refused = Outcome::Refused(why);
                self.findings.failed(Rule::Bootstrap, refused.wrong(self.patience).unwrap_or_default());
                self.findings.untried(OF_THE_LIVING, "it did not come up.");
                self.findings.untried(&[Rule::Stopping, Rule::Logs, Rule::Writes], "it did not come up.");
                return self.findings;
            }
        };
        let outcome = self.stand.until_up(&id, begun, self.image, self.task).await;
        let came_up = outcome.wrong(self.patience).is_none();
        self.first_start(&id, &outcome).await;
        if came_up {
            self.of_processes(&id, &outcome).await;
            self.of_requests(&outcome).await;
            self.of_memory(&id).await;
            self.of_scaling().await;
        }
        self.of_stopping(&id, &outcome).await;
        let printed = self.stand.printed(&id).await;
        let changes = self.stand.engine.listing.changes(&id).await;
        written::examine(changes, &self.image.volumes, &printed, &mut self.findings);
        self.stand.remove(&id).await;
        if came_up {
            self.start_anew().await;
        }
        self.findings.untried(OF_THE_LIVING, "it did not come up.");
        self.findings
    }

    async fn first_start(&mut self, id: &str, outcome: &Outcome) {
        let seconds = |after: &Duration| after.as_secs_f64();
        match (outcome, outcome.wrong(self.patience)) {
            (Outcome::Done(after), _) => {
                self.findings.ok(Rule::Bootstrap, format!("It ran to its end in {:.1} s.", seconds(after)));
            }
            (Outcome::Up { after, .. }, _) => {
                self.findings
                    .ok(Rule::Bootstrap, format!("It came up in {:.1} s, with nobody's help.", seconds(after)));
            }
            (_, wrong) => {
                let printed = self.stand.printed(id).await;
                let last = printed.lines().rev().map(shown).find(|line| !line.is_empty());
                let said = last.map_or("It printed nothing.".to_owned(), |line| format!("It printed last: {line}"));
                self.findings.failed(Rule::Bootstrap, format!("{} {said}", wrong.unwrap_or_default()));
            }
        }
        match outcome {
            Outcome::Silent(port) => self.findings.failed(Rule::Http, format!("Nothing answers on port {port}.")),
            Outcome::Ended { for_memory: true, .. } => {
                self.findings.failed(Rule::Memory, format!("It did not come up with {} MiB.", self.task.memory));
            }
            Outcome::Up { .. } | Outcome::Done(_) => {
                self.findings.ok(Rule::Environment, "It came up with nothing but its environment.");
            }
            Outcome::Ended { .. } | Outcome::Refused(_) => {}
        }
    }

    async fn of_processes(&mut self, id: &str, outcome: &Outcome) {
        if !self.image.has_entry && self.task.options.is_empty() {
            return self.findings.failed(Rule::Process, "The image does not say what is started.");
        }
        if matches!(outcome, Outcome::Done(_)) {
            return self.findings.ok(Rule::Process, "It ran as one process, and ended.");
        }
        let running = self.stand.engine.listing.processes(id).await;
        processes::examine(running.as_deref(), &mut self.findings);
    }

    async fn of_requests(&mut self, outcome: &Outcome) {
        let port = self.task.ports(self.image).first().copied();
        let (Some(port), Outcome::Up { at: Some(address), .. }) = (port, outcome) else {
            self.findings.ok(Rule::Http, "It serves no port.");
            return self.findings.ok(Rule::Names, "It serves no port.");
        };
        http::examine(*address, port, &mut self.findings).await;
    }

    async fn of_memory(&mut self, id: &str) {
        let most = self.task.memory;
        if self.stand.inspect(id).await.is_some_and(|container| container.state.killed_for_memory) {
            return self.findings.failed(Rule::Memory, format!("It was killed when it took more than {most} MiB."));
        }
        let used = match self.stand.engine.listing.memory(id).await {
            Some(bytes) => format!("It took {} of {most} MiB.", bytes.div_ceil(1024 * 1024)),
            None => format!("It came up with {most} MiB; what it took could not be measured."),
        };
        match self.task.bounded {
            true => self.findings.ok(Rule::Memory, used),
            false => self.findings.look(Rule::Memory, format!("{used} It declares no memory_maximum.")),
        }
    }

    /// Starts it a second time beside the first.
    async fn of_scaling(&mut self) {
        if self.task.most == 1 || self.task.scheduled {
            self.findings.ok(Rule::Scaling, "It runs once at a time.");
            return self.findings.ok(Rule::Sessions, "It runs once at a time.");
        }
        match self.start_and_wait().await {
            Ok((id, _)) => {
                self.findings.ok(Rule::Scaling, "Two came up side by side.");
                self.findings.look(Rule::Sessions, "Two came up; may each request go to either?");
                self.stand.remove(&id).await;
            }
            Err(wrong) => {
                self.findings.failed(Rule::Scaling, format!("A second one beside the first does not come up. {wrong}"));
                self.findings.untried(&[Rule::Sessions], "there is only one.");
            }
        }
    }

    async fn of_stopping(&mut self, id: &str, outcome: &Outcome) {
        match outcome {
            Outcome::Done(_) => return self.findings.ok(Rule::Stopping, "It ends by itself."),
            Outcome::Ended { .. } | Outcome::Refused(_) => {
                return self.findings.untried(&[Rule::Stopping], "it did not come up.");
            }
            Outcome::Up { .. } | Outcome::Silent(_) => {}
        }
        let begun = Instant::now();
        if let Err(why) = self.stand.engine.stop(id).await {
            return self.findings.failed(Rule::Stopping, format!("It does not stop: {}.", shown(&why)));
        }
        let took = begun.elapsed();
        self.stand.until_ended(id).await;
        let code = self.stand.engine.listing.code(id).await;
        let with = code.map(|code| format!(" with code {code}")).unwrap_or_default();
        let (verdict, said) = match code {
            Some(KILLED) => (Verdict::Failed, format!("It was killed {:.1} s after SIGTERM.", took.as_secs_f64())),
            _ if took > GRACE + MARGIN => {
                (Verdict::Failed, format!("It ended{with} only {:.1} s after SIGTERM.", took.as_secs_f64()))
            }
            _ => (Verdict::Ok, format!("It ended{with} {:.1} s after SIGTERM.", took.as_secs_f64())),
        };
        self.findings.add(Rule::Stopping, verdict, said);
    }

    /// Starts it once more when nothing is left of it, and once again after it was killed.
    async fn start_anew(&mut self) {
        let (id, outcome) = match self.start_and_wait().await {
            Ok(started) => started,
            Err(wrong) => {
                self.findings
                    .failed(Rule::Ephemeral, format!("Removed and started anew, it does not come up. {wrong}"));
                return self.findings.untried(&[Rule::Crash], "it did not come up a second time.");
            }
        };
        self.findings.ok(Rule::Ephemeral, "Removed and started anew from nothing, it came up again.");
        if let Outcome::Up { .. } = outcome {
            let _ = self.stand.engine.kill(&id).await;
            self.stand.until_ended(&id).await;
        }
        let begun = Instant::now();
        let wrong = match self.stand.engine.start(&id).await {
            Ok(()) => self.stand.until_up(&id, begun, self.image, self.task).await.wrong(self.patience),
            Err(why) => Outcome::Refused(shown(&why)).wrong(self.patience),
        };
        match wrong {
            None => self.findings.ok(Rule::Crash, "Killed and started again, it came up."),
            Some(wrong) => {
                self.findings.failed(Rule::Crash, format!("Killed and started again, it does not come up. {wrong}"))
            }
        }
        self.stand.remove(&id).await;
    }

    /// Starts one more, and answers its id and how it came up, or what was wrong, with nothing left.
    async fn start_and_wait(&self) -> Result<(String, Outcome), String> {
        let (wrong, begun) = (|outcome: &Outcome| outcome.wrong(self.patience), Instant::now());
        let id = match self.stand.start(self.image, self.task).await {
            Ok(id) => id,
            Err(why) => return Err(wrong(&Outcome::Refused(why)).unwrap_or_default()),
        };
        let outcome = self.stand.until_up(&id, begun, self.image, self.task).await;
        match wrong(&outcome) {
            None => Ok((id, outcome)),
            Some(wrong) => {
                self.stand.remove(&id).await;
                Err(wrong)
            }
        }
    }
}
