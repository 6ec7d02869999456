//! What `mkt init` wants to know, each once: by a flag or by a question.

use super::Args;
use super::draft::Draft;
use crate::core::seed::LICENSES;

/// Something to know.
pub struct Question {
    /// The flag that answers it; several of them for a list.
    pub flag: &'static str,
    /// How it is asked.
    pub prompt: &'static str,
    /// Whether an answer is a list, with commas between.
    pub list: bool,
    /// The answer so far.
    pub get: fn(&Draft) -> String,
    /// Takes an answer, or tells what it must be.
    pub set: Set,
}

/// Takes an answer, or tells what it must be.
type Set = fn(&mut Draft, &[&str]) -> Result<(), String>;

impl Question {
    /// Takes what was typed.
    pub fn set_text(&self, draft: &mut Draft, text: &str) -> Result<(), String> {
        let parts: Vec<&str> = if self.list { text.split(',').map(str::trim).collect() } else { vec![text.trim()] };
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        (self.set)(draft, &parts)
    }
}

/// The questions, in their order.
pub static QUESTIONS: [Question; 12] = [
    line(
        "name",
        "Name of the product",
        |draft| draft.name.clone(),
        |draft, answer| {
            draft.name = one(answer);
            Ok(())
        },
    ),
    line(
        "description",
        "What it is and does, in a sentence",
        |_| String::new(),
        |draft, answer| {
            draft.description = answer.first().map(|text| (*text).to_owned());
            Ok(())
        },
    ),
    line("image", "Container image", image, |draft, answer| {
        draft.image = answer.first().map(|text| text.parse()).transpose()?;
        if let Some(tag) = draft.image.as_ref().and_then(|image| image.tag.clone()) {
            draft.version = tag;
        }
        Ok(())
    }),
    line(
        "asset",
        "File that it consists of, beside the manifest",
        |_| String::new(),
        |draft, answer| {
            draft.asset = answer.first().map(|text| (*text).to_owned());
            Ok(())
        },
    ),
    line(
        "version",
        "Version",
        |draft| draft.version.clone(),
        |draft, answer| {
            draft.version = one(answer);
            Ok(())
        },
    ),
    line(
        "organization",
        "Organization that makes it",
        |draft| draft.organization.clone(),
        |draft, answer| {
            draft.organization = one(answer);
            Ok(())
        },
    ),
    line(
        "contact",
        "How to reach it",
        |draft| draft.contact.clone().unwrap_or_default(),
        |draft, answer| {
            draft.contact = answer.first().map(|text| (*text).to_owned());
            Ok(())
        },
    ),
    list(
        "license",
        "Licences: SPDX identifiers such as MIT, or NAME=URL",
        |_| String::new(),
        |draft, answer| {
            draft.licenses = answer.iter().map(|text| license(text)).collect::<Result<_, _>>()?;
            Ok(())
        },
    ),
    line(
        "mime-type",
        "What kind of thing it is, as a MIME type",
        |draft| draft.mime_type().to_owned(),
        |draft, answer| {
            draft.mime_type = Some(one(answer));
            Ok(())
        },
    ),
    list(
        "domain",
        "Fields of health care that it is for",
        |_| String::new(),
        |draft, answer| {
            draft.domains = answer.iter().map(|text| (*text).to_owned()).collect();
            Ok(())
        },
    ),
    line(
        "task",
        "Name of the process that runs",
        |draft| draft.task.clone(),
        |draft, answer| {
            draft.task = one(answer);
            Ok(())
        },
    ),
    list("port", "TCP ports that it serves", ports, |draft, answer| {
        let port = |text: &&str| text.parse().map_err(|_| format!("must be a port from 1 to 65535, but is {text:?}"));
        draft.ports = answer.iter().map(port).collect::<Result<_, _>>()?;
        Ok(())
    }),
];

const fn line(flag: &'static str, prompt: &'static str, get: fn(&Draft) -> String, set: Set) -> Question {
    Question { flag, prompt, list: false, get, set }
}

const fn list(flag: &'static str, prompt: &'static str, get: fn(&Draft) -> String, set: Set) -> Question {
    Question { flag, prompt, list: true, get, set }
}

/// The answers that flags give, in the order of the questions.
pub fn answers(args: &Args) -> [&[String]; 12] {
    [
        args.name.as_slice(),
        args.description.as_slice(),
        args.image.as_slice(),
        args.asset.as_slice(),
        args.version.as_slice(),
        args.organization.as_slice(),
        args.contact.as_slice(),
        &args.license,
        args.mime_type.as_slice(),
        &args.domain,
        args.task.as_slice(),
        &args.port,
    ]
}

fn one(answer: &[&str]) -> String {
    answer.first().copied().unwrap_or_default().to_owned()
}

fn image(draft: &Draft) -> String {
    draft.image().map(|image| image.repository).unwrap_or_default()
}

fn ports(draft: &Draft) -> String {
    draft.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The name and address of a licence.
fn license(text: &str) -> Result<(String, String), String> {
    if let Some((name, url)) = text.split_once('=') {
        return Ok((name.trim().to_owned(), url.trim().to_owned()));
    }
    let known = LICENSES.iter().find(|(id, ..)| id.eq_ignore_ascii_case(text));
    let (_, name, url) = known.ok_or_else(|| {
        let ids: Vec<_> = LICENSES.iter().map(|(id, ..)| *id).collect();
        format!("must be NAME=URL or one of {}, but is {text:?}", ids.join(", "))
    })?;
    Ok(((*name).to_owned(), (*url).to_owned()))
}
