//! What can be told of a product from where it is: the folder, who works in it, and how its image is made.

use std::path::Path;
use std::process::{Command, Stdio};

use super::containerfile::{self, Variable};

/// What was found, each in a form that a manifest can have.
pub struct Surroundings {
    pub name: String,
    pub author: String,
    pub contact: Option<String>,
    pub ports: Vec<u16>,
    pub environment: Vec<Variable>,
}

/// The files that say how an image is made, the first of which counts.
const RECIPES: [&str; 2] = ["Containerfile", "Dockerfile"];
/// Larger ones are none.
const LARGEST_RECIPE: u64 = 1024 * 1024;

impl Surroundings {
    /// Looks around in a folder, which need not be there yet.
    pub fn of(folder: &Path) -> Self {
        let recipe = RECIPES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
        let small = |path: &Path| path.metadata().is_ok_and(|found| found.len() <= LARGEST_RECIPE);
        let recipe = recipe.filter(|path| small(path)).and_then(|path| std::fs::read_to_string(path).ok());
        let (ports, environment) = recipe.map(|text| containerfile::read(&text)).unwrap_or_default();
        let user = std::env::var("USER").ok().and_then(|user| line(&user));
        Self {
            name: name(folder),
            author: git(folder, "user.name").or(user).unwrap_or_else(|| "Unknown".to_owned()),
            contact: git(folder, "user.email"),
            ports,
            environment,
        }
    }
}

/// The folder's name as a title: `growth-charts` is Growth Charts.
fn name(folder: &Path) -> String {
    let whole = std::path::absolute(folder).unwrap_or_default();
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    let words = name.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|word| !word.is_empty()).map(|word| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    });
    line(&words.collect::<Vec<_>>().join(" ")).unwrap_or_else(|| "Product".to_owned())
}

/// A setting of git, if there is git.
fn git(folder: &Path, setting: &str) -> Option<String> {
    let mut command = Command::new("git");
    if folder.is_dir() {
        command.current_dir(folder);
    }
    let output = command.args(["config", "--get", setting]).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    line(&String::from_utf8(output.stdout).ok()?)
}

/// A text that can be a name.
fn line(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.chars().count() <= 255 && !text.contains(char::is_control)).then(|| text.to_owned())
}
