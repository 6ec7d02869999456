//! The commands of the nouns, made from the resources' declarations, and what was typed for them.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args as _, Command, FromArgMatches, Subcommand};

use super::deployment::{self, Deployment};
use super::noun::{Deed, Noun};
use super::{own, platform, token};
use crate::core::field::Shape;
use crate::core::model::{Instance, Platform};
use crate::core::resource::{FieldInfo, Resource};

/// A verb of a resource.
#[derive(Debug)]
pub struct Args {
    pub noun: &'static Noun,
    /// What it is nested in, as far as given, outermost first.
    pub ancestors: Vec<Option<String>>,
    pub action: Action,
}

#[derive(Debug)]
pub enum Action {
    List(List),
    Show(String),
    Create(Body),
    Update(String, Body),
    Delete(String, Delete),
    /// With the reason, where one is given.
    Do(&'static Deed, String, Option<String>),
    Own(own::Own),
    Deploy(Deployment),
    CreatePlatform(platform::New, Body),
    RotateKey(platform::Rotate),
}

#[derive(Debug, clap::Args)]
pub struct List {
    /// The page, from 1
    #[arg(long, default_value_t = 1)]
    pub page: u32,

    /// Entries on a page
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub per_page: u16,

    /// All pages
    #[arg(long, conflicts_with_all = ["page", "per_page"])]
    pub all: bool,

    /// The field to sort by
    #[arg(long, value_name = "FIELD")]
    pub sort: Option<String>,

    /// In descending order
    #[arg(long)]
    pub descending: bool,

    /// Only those whose field has this value; may be repeated
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = filter)]
    pub filters: Vec<(String, String)>,

    /// Only those with these words, or starts of words, in their texts
    #[arg(long)]
    pub text: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct Body {
    /// Set a field: text as it is, lists and objects as JSON, nothing for null; ids may be names. May be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = pair)]
    pub sets: Vec<(String, String)>,

    /// A file with a JSON object of fields, - for the standard input; what is --set besides counts
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Send a file, such as a picture. May be repeated
    #[arg(long = "upload", value_name = "FIELD=FILE", value_parser = upload)]
    pub uploads: Vec<(String, PathBuf)>,
}

#[derive(Debug, clap::Args)]
pub struct Delete {
    /// Even if people lose rights with it
    #[arg(long)]
    pub force: bool,

    /// Whether the verb itself says that it is meant.
    #[arg(skip)]
    pub agreed: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("write FIELD=VALUE, such as description=Hello")?;
    Ok((field.to_owned(), value.to_owned()))
}

fn upload(text: &str) -> Result<(String, PathBuf), String> {
    let (field, path) = text.split_once('=').ok_or("write FIELD=FILE, such as image=front.png")?;
    Ok((field.to_owned(), path.into()))
}

pub fn filter(text: &str) -> Result<(String, String), String> {
    pair(text).and_then(|(field, value)| {
        // Indexes take blanks for what was left out, and would answer everything.
        if value.trim_matches(',').is_empty() {
            Err("write a value after the =".to_owned())
        } else {
            Ok((field, value))
        }
    })
}

impl Subcommand for Args {
    fn augment_subcommands(command: Command) -> Command {
        // Only the noun that is asked for is made whole.
        let nouns = Noun::all().iter().map(|noun| Command::new(&noun.name).about(noun.about).defer(verbs));
        command.subcommands(nouns)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Noun::named(name).is_some()
    }
}

/// Whether a command is a noun's.
pub fn is_noun(command: &Command) -> bool {
    Noun::named(command.get_name()).is_some()
}

fn verbs(command: Command) -> Command {
    let Some(noun) = Noun::named(command.get_name()) else { return command };
    let place = |command: Command| command.args(ancestors_of(noun));
    let files: Vec<_> = noun.files.iter().map(|(name, _)| *name).collect();
    let body = |command: Command| {
        let about = format!("Send a file for one of: {}. May be repeated", files.join(", "));
        Body::augment_args(command).mut_arg("uploads", |upload| upload.hide(files.is_empty()).help(about))
    };
    let item = argument_of(noun);
    let list = List::augment_args(place(Command::new("list").about(format!("List {}", noun.plural()))));
    let list = list.mut_arg("text", |text| text.hide(noun.table.search.is_empty()));
    let show = place(Command::new("show").about("Show one")).arg(item.clone());
    let create = place(Command::new("create").about("Create one")).after_help(fields_of(noun, true));
    let update = place(Command::new("update").about("Change fields of one")).arg(item.clone());
    let update = update.after_help(fields_of(noun, false));
    let delete = place(Command::new("delete").about("Delete one, with all that it is composed of")).arg(item.clone());
    let (is_platform, is_instance) = (noun.table.name == Platform::TABLE.name, noun.table.name == Instance::TABLE.name);
    let create = match body(create) {
        create if noun.is_token() => token::Short::augment(create),
        create if is_platform => platform::New::augment(create),
        create => create,
    };
    let update = match is_instance {
        true => deployment::update(body(place(Command::new("update")).after_help(fields_of(noun, false)))),
        false => body(update),
    };
    let revoke = || place(Command::new("revoke").about("End one at once, without being asked")).arg(item.clone());
    let reason = || Arg::new("reason").long("reason").value_name("TEXT").help("Why, for all who see it");
    let deeds = noun.deeds().map(|deed| {
        let command = place(Command::new(deed.verb).about(deed.about)).arg(item.clone());
        command.args(deed.takes_reason.then(reason))
    });
    command
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([list, show, create])
        .subcommands(noun.can_change().then_some(update))
        .subcommand(Delete::augment_args(delete))
        .subcommands(noun.is_token().then(revoke))
        .subcommands(deeds)
        .subcommands(is_platform.then(|| place(platform::rotate())))
        .subcommands(is_instance.then(deployment::commands).into_iter().flatten().map(place))
        .subcommands(own::commands(noun))
}

fn argument_of(noun: &Noun) -> Arg {
    let about = noun.name_field().map_or_else(|| "Its id".to_owned(), |name| format!("Its {name} or id"));
    Arg::new("item").value_name(noun.placeholder()).help(about).required(true)
}

/// Flags for what a resource is nested in.
fn ancestors_of(noun: &Noun) -> impl Iterator<Item = Arg> {
    let flat = noun.table.flat.is_some();
    noun.ancestors().into_iter().map(move |above| {
        let kind = above.kind();
        let by = above.name_field().map_or_else(String::new, |name| format!("{name} or "));
        let (required, unless) = match (flat, above.table.name) {
            (true, _) => (false, " [default: whichever]"),
            (false, "user") => (false, " [default: you]"),
            _ => (true, ""),
        };
        let about = format!("The {kind} that it belongs to, by {by}id{unless}");
        Arg::new(&above.name).long(&above.name).value_name(above.placeholder()).help(about).required(required)
    })
}

/// The fields that can be set, each with what it means.
fn fields_of(noun: &Noun, creating: bool) -> String {
    let about = |field: &FieldInfo| {
        let required = if creating && field.required { " [required]" } else { "" };
        let secret = if field.hidden { " [by --file only]" } else { "" };
        let choices = match field.shape {
            Shape::Choice(words) => format!(" [{}]", words.join(", ")),
            _ => String::new(),
        };
        format!("  {:<22} {}{choices}{required}{secret}", field.name, field.about.trim().trim_end_matches('.'))
    };
    let fields: Vec<_> = noun.settable(creating).map(about).collect();
    format!("Fields:\n{}", fields.join("\n"))
}

/// What a new record is made of.
fn new_body(noun: &Noun, matches: &ArgMatches) -> Result<Body, clap::Error> {
    let mut body = Body::from_arg_matches(matches)?;
    if noun.is_token() {
        token::Short::from_arg_matches(matches)?.add_to(&mut body);
    }
    Ok(body)
}

impl FromArgMatches for Args {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(ErrorKind::MissingSubcommand);
        let (noun, matches) = matches.subcommand().ok_or_else(missing)?;
        let noun = Noun::named(noun).ok_or_else(missing)?;
        let (verb, matches) = matches.subcommand().ok_or_else(missing)?;
        let item = || matches.get_one::<String>("item").cloned().ok_or_else(missing);
        let action = match verb {
            "list" => Action::List(List::from_arg_matches(matches)?),
            "show" => Action::Show(item()?),
            "create" if noun.table.name == Platform::TABLE.name => {
                Action::CreatePlatform(platform::New::from_arg_matches(matches)?, new_body(noun, matches)?)
            }
            "rotate-key" => Action::RotateKey(platform::Rotate::from_arg_matches(matches)?),
            verb if noun.table.name == Instance::TABLE.name
                && let Some(deployment) = Deployment::of_matches(verb, matches)? =>
            {
                Action::Deploy(deployment)
            }
            "create" => Action::Create(new_body(noun, matches)?),
            "update" => Action::Update(item()?, Body::from_arg_matches(matches)?),
            "delete" => Action::Delete(item()?, Delete::from_arg_matches(matches)?),
            "revoke" if noun.is_token() => Action::Delete(item()?, Delete { force: false, agreed: true }),
            verb if let Some(own) = own::of_matches(verb, matches)? => Action::Own(own),
            verb => {
                let deed = noun.deeds().find(|deed| deed.verb == verb).ok_or_else(missing)?;
                let reason = deed.takes_reason.then(|| matches.get_one::<String>("reason").cloned());
                Action::Do(deed, item()?, reason.flatten())
            }
        };
        let given = |above: &Noun| matches.get_one::<String>(&above.name).cloned();
        Ok(Self { noun, ancestors: noun.ancestors().into_iter().map(given).collect(), action })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
