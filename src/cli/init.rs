//! `mkt init`

mod containerfile;
mod draft;
mod questions;
mod surroundings;

use std::fs::Permissions;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::Builder;
use url::Url;

use super::ask;
use super::error::{Code, Failed};
use super::global::{Global, Output};
use super::marketplace::Marketplace;
use super::output::{Printer, cell};
use super::package::MANIFEST;
use draft::Draft;
use questions::{QUESTIONS, Question, answers};
use surroundings::Surroundings;

/// Make a marketplace.json for a product, by questions or by flags
///
/// What flags leave open is asked on a terminal, with what a Containerfile, git and the folder tell as defaults; elsewhere, or
/// with --no-input or --yes, the defaults count. What it writes has no errors and no warnings.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder of the product, which is made if it is not there
    #[arg(default_value = ".")]
    folder: PathBuf,

    /// What the product is called [default: after the folder]
    #[arg(long)]
    name: Option<String>,

    /// What it is and does
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// The container image that it runs from; without a tag, the version is the tag
    #[arg(long)]
    image: Option<String>,

    /// The file that it consists of, as a path inside the folder
    #[arg(long, value_name = "FILE")]
    asset: Option<String>,

    /// The version of the first build [default: the image's tag, else 0.1.0]
    #[arg(long)]
    version: Option<String>,

    /// Who makes it [default: you]
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    /// How to reach them [default: your mail address in git]
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,

    /// A licence that it is offered under: the SPDX identifier of a common one such as MIT, or NAME=URL
    #[arg(long)]
    license: Vec<String>,

    /// What kind of thing it is, such as application/smart.v1 [default: that of container images]
    #[arg(long, value_name = "TYPE")]
    mime_type: Option<String>,

    /// A field of health care that it is for
    #[arg(long)]
    domain: Vec<String>,

    /// The name of the process that runs [default: web with ports, else main]
    #[arg(long, value_name = "NAME")]
    task: Option<String>,

    /// A TCP port that it serves [default: those of the Containerfile]
    #[arg(long)]
    port: Vec<String>,

    /// The marketplace that it is for [default: the one that --server or the profile names]
    #[arg(long, value_name = "URL")]
    marketplace_url: Option<Url>,

    /// Replace a marketplace.json that is there
    #[arg(long)]
    force: bool,
}

pub async fn run(args: Args, global: &Global, printer: &Printer) -> Result<(), Failed> {
    let path = args.folder.join(MANIFEST);
    if !args.force && path.symlink_metadata().is_ok() {
        return Err(there_already(&path));
    }
    let draft = draft(&args, global).await?;
    write(&args.folder, &path, &draft.to_json(), args.force)?;
    if printer.output == Output::Table {
        let (path, folder) = (path.display(), args.folder.display());
        printer.note(&format!("Wrote {path}. Go on with: mkt validate {folder} && mkt publish --dry-run {folder}"));
    }
    let written = json!({ "path": path, "product_id": draft.product_id, "build_id": draft.build_id });
    printer.value(&written, |_| String::new(), |written| vec![cell(&written["product_id"])])
}

/// The draft, with what flags and people answer.
async fn draft(args: &Args, global: &Global) -> Result<Draft, Failed> {
    let misused = |flag: &str, must: &str| Failed::with_code(Code::Usage, format!("--{flag} {must}."));
    let mut draft = Draft::of(Surroundings::of(&args.folder), marketplace_url(args, global)?);
    draft.accept(&args.folder, |_| Ok(())).map_err(|must| misused("marketplace-url", &must))?;
    let asks = ask::possible(global);
    let unasked = if asks { unasked(args).await? } else { &[] };
    for (question, answer) in QUESTIONS.iter().zip(answers(args)) {
        if !answer.is_empty() {
            let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
            let taken = draft.accept(&args.folder, |draft| (question.set)(draft, &answer));
            taken.map_err(|must| misused(question.flag, &must))?;
        } else if asks && !unasked.contains(&question.flag) {
            ask(question, &mut draft, &args.folder).await?;
        }
    }
    Ok(draft)
}

/// Asks until the answer will do.
async fn ask(question: &'static Question, draft: &mut Draft, folder: &Path) -> Result<(), Failed> {
    let (before, place) = (draft.clone(), folder.to_owned());
    let check = move |text: &str| before.clone().accept(&place, |draft| question.set_text(draft, text));
    let answer = ask::text(question.prompt, (question.get)(draft), check).await?.ok_or_else(nothing_written)?;
    draft.accept(folder, |draft| question.set_text(draft, &answer)).map_err(Failed::new)
}

/// Which of the two things that a product can consist of are not asked for.
async fn unasked(args: &Args) -> Result<&'static [&'static str], Failed> {
    if args.image.is_some() || args.asset.is_some() {
        return Ok(&["image", "asset"]);
    }
    let kinds = vec!["A container image".to_owned(), "A file".to_owned()];
    match ask::chosen("What does the product consist of?", kinds).await? {
        Some(0) => Ok(&["asset"]),
        Some(_) => Ok(&["image"]),
        None => Err(nothing_written()),
    }
}

/// Where the marketplace is, without credentials: manifests are for everybody.
fn marketplace_url(args: &Args, global: &Global) -> Result<String, Failed> {
    let mut url = match &args.marketplace_url {
        Some(url) => url.clone(),
        None => Marketplace::of(global)?.server,
    };
    // Addresses that can't have credentials refuse to have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Writes the manifest aside and then puts it in its place, so that there never is half of it.
fn write(folder: &Path, path: &Path, text: &str, force: bool) -> Result<(), Failed> {
    let written = || -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        // As other new files: the process's mask takes away what others may not do.
        let mode = Permissions::from_mode(0o666);
        let mut file = Builder::new().prefix(".").permissions(mode).tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        if force {
            file.persist(path)?
        } else {
            file.persist_noclobber(path)?
        };
        Ok(())
    };
    written().map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists if path.symlink_metadata().is_ok() => there_already(path),
        _ => Failed::new(format!("Can't write {}: {error}.", path.display())),
    })
}

fn there_already(path: &Path) -> Failed {
    Failed::with_code(Code::Conflict, format!("There is a {} already.", path.display()))
        .hint("Replace it with --force; its ids are those of its product, which a new one does not keep.")
}

fn nothing_written() -> Failed {
    Failed::with_code(Code::Interrupted, "Nothing was written.")
}
