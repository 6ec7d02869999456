//! What can be wrong with a build.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::output::excerpt;
use crate::client::{Cause, Failure, Registries};
use crate::core::files::Sha256;
use crate::core::manifest::{self, Image};
use crate::core::model::Build;
use crate::core::package::{Difference, Present, departures, deviations, signature};

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    Failed,
    /// Nothing is wrong, and yet somebody should look.
    Doubtful,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::Doubtful => "look",
        }
    }
}

/// One thing that was checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Check {
    pub verdict: Verdict,
    pub what: String,
    pub detail: String,
}

impl Check {
    pub fn new(verdict: Verdict, what: &str, detail: impl Into<String>) -> Self {
        Self { verdict, what: what.to_owned(), detail: detail.into() }
    }
}

/// Whether the manifest was signed, and by whom.
pub fn of_signature(build: &Build, key: Option<&str>) -> Vec<Check> {
    use Verdict::{Doubtful, Failed, Passed};
    let (Some(manifest), Some(signature)) = (build.manifest(), &build.signature) else {
        return vec![Check::new(Failed, "signature", "The build is not signed.")];
    };
    let fingerprint = match signature::verify(&manifest, signature.as_str()) {
        Ok(key) => key.fingerprint(),
        Err(error) => return vec![Check::new(Failed, "signature", error.message())],
    };
    let mut checks = vec![Check::new(Passed, "signature", "The manifest is the one that was signed.")];
    let registered = build.signed_by.as_ref().filter(|signer| signer.fingerprint == fingerprint);
    checks.push(match (key, registered) {
        (Some(key), _) if key == fingerprint => Check::new(Passed, "key", format!("{fingerprint}, as wanted.")),
        (Some(key), _) => Check::new(Failed, "key", format!("{fingerprint}, and not {key}.")),
        (None, Some(signer)) => match signer.revoked_at {
            None => Check::new(Passed, "key", format!("{fingerprint}, {} of user {}.", signer.name, signer.user_id)),
            Some(at) => Check::new(Failed, "key", format!("{fingerprint}, which was revoked on {at}.")),
        },
        (None, None) => {
            Check::new(Doubtful, "key", format!("{fingerprint}, which the marketplace does not know any more."))
        }
    });
    checks
}

/// Whether the records are what the manifest makes of them. Of the newest build the product is looked at, too.
pub fn of_records(present: &Present, is_newest: bool) -> Vec<Check> {
    let Some(content) = present.build.manifest() else { return Vec::new() };
    let Some(manifest) = manifest::check(&content.to_string()).manifest else {
        return vec![Check::new(Verdict::Failed, "manifest", "It can't be read.")];
    };
    let short = |value: &Value| excerpt(&value.to_string(), 60);
    let told = |verdict, what| {
        move |found: Difference| {
            let (from, to) = (short(&found.from), short(&found.to));
            let detail = format!("{}: the manifest has {from}, but there is {to}", found.field);
            Check::new(verdict, what, detail)
        }
    };
    let mut checks: Vec<_> = deviations(&manifest, present).into_iter().map(told(Verdict::Failed, "records")).collect();
    if checks.is_empty() {
        let detail = "Version, image, tasks, what it offers and what it needs are as the manifest has them.";
        checks.push(Check::new(Verdict::Passed, "records", detail));
    }
    if is_newest {
        let departures = departures(&manifest, &present.product).into_iter();
        checks.extend(departures.map(told(Verdict::Doubtful, "product")));
    }
    checks
}

/// Whether an asset is what it should be.
pub fn of_asset(wanted: &Sha256, found: &Sha256) -> Check {
    match wanted == found {
        true => Check::new(Verdict::Passed, "asset", format!("sha256:{found}")),
        false => Check::new(Verdict::Failed, "asset", format!("It is sha256:{found}, and should be sha256:{wanted}.")),
    }
}

/// Whether the registry still has the image that was published, and under the same tag; if it may be asked.
pub async fn of_image(registries: Option<&Registries>, build: &Build) -> Result<Option<Check>, Failure> {
    use Verdict::{Doubtful, Failed, Passed};
    let manifest = build.manifest().and_then(|content| manifest::check(&content.to_string()).manifest);
    let Some(image) = manifest.and_then(|manifest| manifest.build.image) else { return Ok(None) };
    let check = |verdict, detail: String| Ok(Some(Check::new(verdict, "image", detail)));
    let Some(registries) = registries else {
        return check(Doubtful, format!("{image} was not looked up in its registry, as you wished."));
    };
    let Some(digest) = image.digest.clone() else {
        return check(Doubtful, format!("{image} was published without its digest: it may be another one by now."));
    };
    match registries.resolve(&image).await {
        Ok(_) => {}
        Err(failure) if failure.cause == Cause::Away => return Err(failure),
        Err(failure) => return check(Failed, failure.message),
    }
    if image.tag.is_none() {
        return check(Passed, image.to_string());
    }
    match registries.resolve(&Image { digest: None, ..image.clone() }).await {
        Ok(now) if now.digest == digest => check(Passed, image.to_string()),
        Ok(now) => check(Doubtful, format!("{image} is there, and its tag names {} by now.", now.digest)),
        Err(_) => check(Doubtful, format!("{image} is there, and its tag is gone.")),
    }
}
