//! The environment of a task: defaults < launch bindings < what dependencies offer < the operator's overrides.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Serialize;
use serde_json::Value;

use super::{Need, Planned};
use crate::core::model::Variable;

/// Environment variables with their values.
pub type Values = BTreeMap<String, String>;

/// Where a value is from; the later one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The task's declaration.
    Default,
    /// The instance's launch bindings.
    Binding,
    /// Another instance, which offers what this one needs.
    Dependency,
    /// The operator of the platform.
    Override,
}

/// What is given to a task beside its defaults.
#[derive(Debug, Default)]
pub struct Given {
    /// By the instance.
    pub bindings: Values,
    /// By those whom it depends upon.
    pub dependencies: Values,
    /// By the operator.
    pub overrides: Values,
}

/// A task's environment.
///
/// # Errors
/// A sentence for each variable that is absent or does not match its pattern. No value is in any.
pub fn resolve(variables: &[Variable], given: &Given) -> Result<Values, Vec<String>> {
    let layers = [
        (Source::Binding, &given.bindings),
        (Source::Dependency, &given.dependencies),
        (Source::Override, &given.overrides),
    ];
    let mut values: BTreeMap<String, (String, Source)> = variables
        .iter()
        .filter_map(|variable| Some((variable.key.clone(), (variable.default.clone()?, Source::Default))))
        .collect();
    for (source, layer) in layers {
        values.extend(layer.iter().map(|(key, value)| (key.clone(), (value.clone(), source))));
    }
    let misnamed = values.keys().filter(|key| !is_name(key));
    let misnamed = misnamed.map(|key| format!("{key:?} is no name of an environment variable: A-Z, 0-9 and _ are."));
    let faults = variables
        .iter()
        .filter_map(|variable| fault(variable, values.get(&variable.key).map(|(value, _)| value.as_str())));
    let problems: Vec<String> = misnamed.chain(faults).collect();
    if problems.is_empty() {
        Ok(values.into_iter().map(|(key, (value, _))| (key, value)).collect())
    } else {
        Err(problems)
    }
}

/// Whether a text is the name of an environment variable (rule 3 of the packaging rules). One with `=` in it would be taken for
/// another one with a value.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// What is wrong with a variable's value.
fn fault(variable: &Variable, value: Option<&str>) -> Option<String> {
    let Variable { key, required, pattern, .. } = variable;
    let Some(value) = value.filter(|value| !value.is_empty() || !required) else {
        return required.then(|| format!("{key} is required and has no value."));
    };
    let pattern = pattern.as_deref()?;
    match Regex::new(&format!("^(?:{pattern})$")) {
        Ok(regex) if regex.is_match(value) => None,
        Ok(_) => Some(format!("{key} does not match its pattern {pattern}.")),
        Err(_) => Some(format!("{key} has a pattern that is no regular expression: {pattern}.")),
    }
}

/// An object's members as values of environment variables.
pub fn values_of(object: &serde_json::Map<String, Value>) -> Values {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    object.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
}

/// What a need puts into the environment, by the values of its provider's parameters. What is not mapped goes nowhere.
pub fn mapped(need: &Need, parameters: &Values) -> Values {
    let pairs = need
        .mappings
        .iter()
        .filter_map(|(parameter, key)| Some((key.as_str()?.to_owned(), parameters.get(parameter)?.clone())));
    pairs.collect()
}

/// What is wrong with an instance's environment before anything runs: whatever a provider will give counts as given.
pub(super) fn foreseen(planned: &Planned) -> Vec<String> {
    let promised: Vec<&str> = planned
        .needs
        .iter()
        .filter(|need| need.provider.is_some())
        .flat_map(|need| need.mappings.values().filter_map(Value::as_str))
        .collect();
    let given = Given { bindings: values_of(&planned.launch_bindings), ..Given::default() };
    let mut problems = Vec::new();
    for task in &planned.tasks {
        let variables: Vec<Variable> =
            task.environment.iter().filter(|variable| !promised.contains(&variable.key.as_str())).cloned().collect();
        problems.extend(resolve(&variables, &given).err().into_iter().flatten());
    }
    problems.dedup();
    problems
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn variable(key: &str, required: bool, default: Option<&str>, pattern: Option<&str>) -> Variable {
        let text = |text: &str| text.to_owned();
        let (default, pattern) = (default.map(text), pattern.map(text));
        Variable { key: text(key), description: String::new(), required, default, pattern }
    }

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn later_layers_win_and_all_that_is_wrong_is_told() {
        let variables = [
            variable("A", true, Some("1"), Some("[0-9]+")),
            variable("B", true, None, None),
            variable("C", false, None, Some("x|y")),
        ];
        let mut given = Given { bindings: values(&[("A", "2"), ("B", "b"), ("FREE", "f")]), ..Given::default() };
        assert_eq!(resolve(&variables, &given).unwrap(), values(&[("A", "2"), ("B", "b"), ("FREE", "f")]));
        given.dependencies = values(&[("A", "3")]);
        assert_eq!(resolve(&variables, &given).unwrap()["A"], "3");
        given.overrides = values(&[("A", "4"), ("C", "y")]);
        assert_eq!(resolve(&variables, &given).unwrap(), values(&[("A", "4"), ("B", "b"), ("C", "y"), ("FREE", "f")]));
        given.bindings = values(&[("A=4", "hijack"), ("", "nameless")]);
        let problems = resolve(&variables[..1], &given).unwrap_err();
        assert!(problems.len() == 2 && problems[1].starts_with("\"A=4\" is no name"), "{problems:?}");
        given.bindings.clear();
        given.overrides = values(&[("A", "secret"), ("B", ""), ("C", "xy")]);
        let problems = resolve(&variables, &given).unwrap_err();
        let expected = [
            "A does not match its pattern [0-9]+.",
            "B is required and has no value.",
            "C does not match its pattern x|y.",
        ];
        assert_eq!(problems, expected);
        let broken = [variable("A", false, Some("1"), Some("["))];
        assert_eq!(
            resolve(&broken, &Given::default()).unwrap_err(),
            ["A has a pattern that is no regular expression: [."]
        );
    }
}
