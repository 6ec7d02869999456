//! A service that checks: it is sent the submission, signed, and answers with the verdict.

use std::time::Duration;

use futures_util::TryStreamExt;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect;
use ring::hmac;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::Verdict;
use crate::core::review::check::Submission;
use crate::core::secret::Secret;

/// The proof of who asks: `sha256=` and the HMAC-SHA256 of the body, in hexadecimal digits.
const SIGNATURE: &str = "x-mkt-signature-256";
/// The most bytes of an answer.
const LARGEST: usize = 64 * 1024;

#[derive(Deserialize)]
struct Answer {
    verdict: Word,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Word {
    Passed,
    Failed,
}

/// Sends the submission and reads the verdict.
pub async fn verdict(url: &Url, secret: &Secret, most: Duration, submission: &Submission) -> Result<Verdict, String> {
    // Errors of this client would tell the address, which may have a secret in it.
    let told = |error: reqwest::Error| error.without_url().to_string();
    let client = reqwest::Client::builder()
        .user_agent(concat!("mkt/", env!("CARGO_PKG_VERSION")))
        .timeout(most)
        // What is sent is for who was asked, and nobody else.
        .redirect(redirect::Policy::none());
    let body = body(submission);
    let request = client.build().map_err(told)?.post(url.clone()).header(CONTENT_TYPE, "application/json");
    let response = request.header(SIGNATURE, signature(secret, &body)).body(body).send().await.map_err(told)?;
    if response.status() != 200 {
        return Err(format!("the webhook answered {}", response.status()));
    }
    let mut answer = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.try_next().await.map_err(told)? {
        if answer.len() + chunk.len() > LARGEST {
            return Err(format!("the webhook answered more than {} KiB", LARGEST / 1024));
        }
        answer.extend_from_slice(&chunk);
    }
    let must = "the webhook did not answer {\"verdict\": \"passed\" or \"failed\", \"message\": …}";
    let Answer { verdict, message } = serde_json::from_slice(&answer).map_err(|_| must.to_owned())?;
    Ok(Verdict { passed: verdict == Word::Passed, message })
}

fn body(submission: &Submission) -> String {
    let build = &submission.build;
    json!({
        "product": { "id": build.product_id, "name": submission.product_name },
        "build": {
            "id": build.id,
            "version": build.version,
            "container_repository": build.container_repository,
            "container_tag": build.container_tag,
            "container_digest": build.container_digest,
            "permissions": build.permissions,
            "asset_sha256": build.asset_sha256,
            "signature": build.signature,
        },
        "manifest": build.manifest(),
        "submitter": { "id": submission.submitter },
        "submitted_at": build.submitted_at,
    })
    .to_string()
}

fn signature(secret: &Secret, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let digits =
        hmac::sign(&key, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256={digits}")
}
