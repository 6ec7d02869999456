//! The rules, and what is found about them.

use serde::Serialize;

/// How much of a text of others is shown.
const SHOWN: usize = 120;
/// How long the evidence for a rule may get.
const LONGEST: usize = 400;

/// A rule of the specification's functional model, or one of the two that every platform goes by besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`Rule::what` says it")]
pub enum Rule {
    Image,
    Ephemeral,
    Environment,
    SelfTest,
    Scaling,
    Sessions,
    Process,
    Names,
    Http,
    Memory,
    Architecture,
    Bootstrap,
    Stopping,
    Purpose,
    Traces,
    Logs,
    Crash,
    Writes,
}

impl Rule {
    /// All of them, in the order of the specification.
    pub const ALL: [Self; 18] = [
        Self::Image,
        Self::Ephemeral,
        Self::Environment,
        Self::SelfTest,
        Self::Scaling,
        Self::Sessions,
        Self::Process,
        Self::Names,
        Self::Http,
        Self::Memory,
        Self::Architecture,
        Self::Bootstrap,
        Self::Stopping,
        Self::Purpose,
        Self::Traces,
        Self::Logs,
        Self::Crash,
        Self::Writes,
    ];

    /// Its number in the specification, if it is from there.
    pub fn number(self) -> Option<usize> {
        Self::ALL.iter().position(|rule| *rule == self).map(|place| place + 1).filter(|number| *number <= 16)
    }

    /// What it asks for.
    pub fn what(self) -> &'static str {
        match self {
            Self::Image => "one OCI image",
            Self::Ephemeral => "ephemeral",
            Self::Environment => "configured by environment",
            Self::SelfTest => "validates itself",
            Self::Scaling => "scales",
            Self::Sessions => "no sticky sessions",
            Self::Process => "one entry process",
            Self::Names => "agnostic of its DNS name",
            Self::Http => "plain HTTP",
            Self::Memory => "bounded memory",
            Self::Architecture => "x86-64",
            Self::Bootstrap => "bootstraps itself",
            Self::Stopping => "stops within 15 s",
            Self::Purpose => "does what it says",
            Self::Traces => "traceable",
            Self::Logs => "logs to its output only",
            Self::Crash => "survives kill -9",
            Self::Writes => "writes to volumes only",
        }
    }
}

/// What a rule came to. The later one outweighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is kept, as far as was seen.
    Ok,
    /// No program can tell, or none could here: a person should look.
    Look,
    /// It is not kept.
    Failed,
}

/// A rule with its verdict.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The rule's number in the specification, if it is from there.
    pub rule: Option<usize>,
    /// What it asks for.
    pub what: &'static str,
    /// What it came to.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: String,
}

/// What was found, of an image or of a task.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Whose they are, where that has to be told.
    whose: Option<String>,
    all: Vec<(Rule, Verdict, String)>,
}

impl Findings {
    pub(super) fn of(whose: Option<String>) -> Self {
        Self { whose, all: Vec::new() }
    }

    pub(super) fn add(&mut self, rule: Rule, verdict: Verdict, evidence: impl Into<String>) {
        self.all.push((rule, verdict, evidence.into()));
    }

    pub(super) fn ok(&mut self, rule: Rule, evidence: impl Into<String>) {
        self.add(rule, Verdict::Ok, evidence);
    }

    pub(super) fn look(&mut self, rule: Rule, evidence: impl Into<String>) {
        self.add(rule, Verdict::Look, evidence);
    }

    pub(super) fn failed(&mut self, rule: Rule, evidence: impl Into<String>) {
        self.add(rule, Verdict::Failed, evidence);
    }

    /// Says of these rules, as far as nothing is said of them yet, why they were not tried.
    pub(super) fn untried(&mut self, rules: &[Rule], why: &str) {
        for rule in rules {
            if self.all.iter().all(|(said, ..)| said != rule) {
                self.look(*rule, format!("Could not be tried: {why}"));
            }
        }
    }
}

/// One row a rule: the weightiest of all that was found about it.
pub(super) fn rows(found: &[Findings]) -> Vec<Row> {
    let row = |rule: Rule| {
        let about = found.iter().flat_map(|findings| {
            let own = findings.all.iter().filter(move |(about, ..)| *about == rule);
            own.map(|(_, verdict, evidence)| (findings.whose.as_ref(), *verdict, evidence))
        });
        let about: Vec<_> = about.collect();
        let verdict = about.iter().map(|(_, verdict, _)| *verdict).max().unwrap_or(Verdict::Look);
        let weighty = about.iter().filter(|(_, other, _)| *other == verdict);
        let told = weighty.map(|(whose, _, evidence)| match whose {
            Some(task) => format!("{task}: {evidence}"),
            None => (*evidence).clone(),
        });
        let told: Vec<String> = told.collect();
        Row { rule: rule.number(), what: rule.what(), verdict, evidence: cut(&told.join(" "), LONGEST) }
    };
    Rule::ALL.into_iter().map(row).collect()
}

/// A text of others in one line, without what terminals would obey, and not too long.
pub(super) fn shown(text: &str) -> String {
    cut(text, SHOWN)
}

pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn cut(text: &str, most: usize) -> String {
    // Neither control characters, nor what changes the direction of writing.
    let unseen = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    // Texts of megabytes are not gone through.
    let plain: String = text.chars().take(8 * most).map(|c| if unseen(c) { ' ' } else { c }).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
