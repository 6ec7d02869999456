//! What a Containerfile says of the image's last stage: its ports, and the variables that it is configured by.

/// Variables that belong to the image itself.
const OWN: [&str; 4] = ["PATH", "LANG", "LC_ALL", "HOME"];
/// Words in names of variables whose values are nobody's business.
const SECRET: [&str; 4] = ["SECRET", "PASSWORD", "TOKEN", "KEY"];

/// An environment variable.
#[derive(Debug, Clone)]
pub struct Variable {
    pub key: String,
    /// Its value, unless that is secret or made of others.
    pub default: Option<String>,
}

/// The ports and variables of the last stage.
pub fn read(text: &str) -> (Vec<u16>, Vec<Variable>) {
    let (mut ports, mut variables) = (Vec::new(), Vec::<Variable>::new());
    for line in instructions(text) {
        let (instruction, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        match instruction.to_ascii_uppercase().as_str() {
            "FROM" => {
                ports.clear();
                variables.clear();
            }
            "EXPOSE" => ports.extend(rest.split_whitespace().filter_map(port)),
            "ENV" => {
                for variable in assignments(rest).filter_map(variable) {
                    variables.retain(|before| before.key != variable.key);
                    variables.push(variable);
                }
            }
            _ => {}
        }
    }
    ports.sort_unstable();
    ports.dedup();
    (ports, variables)
}

/// The instructions, each on one line, without comments.
fn instructions(text: &str) -> Vec<String> {
    let mut instructions = Vec::new();
    let mut open = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_suffix('\\') {
            Some(start) => open.extend([start, " "]),
            None => instructions.push(std::mem::take(&mut open) + line),
        }
    }
    instructions
}

/// A TCP port, such as `8080` or `8080/tcp`.
fn port(word: &str) -> Option<u16> {
    let number = word.strip_suffix("/tcp").unwrap_or(word);
    number.parse().ok().filter(|port| *port > 0)
}

/// The assignments of `ENV A=1 B="2 3"`, or of `ENV A 1`, as it was once written.
fn assignments(text: &str) -> impl Iterator<Item = (String, String)> {
    let first = text.split_whitespace().next().unwrap_or_default();
    let words = if first.contains('=') { words(text) } else { vec![text.trim().replacen(char::is_whitespace, "=", 1)] };
    words.into_iter().filter_map(|word| word.split_once('=').map(|(key, value)| (key.into(), value.trim().into())))
}

/// Words that may have quotes around white space.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in text.trim().chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (c, None) if c.is_whitespace() => words.push(String::new()),
            (c, _) => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words
}

/// A variable, if a manifest can have it.
fn variable((key, value): (String, String)) -> Option<Variable> {
    let fits = !key.is_empty() && key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let told = !value.is_empty() && !value.contains(|c: char| c == '$' || c.is_control());
    let default = (told && !SECRET.iter().any(|word| key.contains(word))).then_some(value);
    (fits && !OWN.contains(&key.as_str())).then_some(Variable { key, default })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_counts() {
        let text = "FROM rust AS build\nEXPOSE 1\nENV A=1\n# comment\nfrom scratch\nEXPOSE 8080/tcp $PORT 53/udp 70000\n\
                    EXPOSE 443 8080\nENV TITLE=\"Ward Board\" \\\n  LEVEL='info' lower=1\nENV OLD way of it\nENV PATH=/bin\n\
                    ENV API_KEY=hunter2 URL=http://$HOST LEVEL=warn\nCMD [\"app\"]\nENV BARE";
        let (ports, variables) = read(text);
        assert_eq!(ports, [443, 8080]);
        let told: Vec<_> =
            variables.iter().map(|variable| (variable.key.as_str(), variable.default.as_deref())).collect();
        let expected = [
            ("TITLE", Some("Ward Board")),
            ("OLD", Some("way of it")),
            ("API_KEY", None),
            ("URL", None),
            ("LEVEL", Some("warn")),
        ];
        assert_eq!(told, expected);
    }
}
