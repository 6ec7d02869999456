//! Waiting until what was published is to be seen.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::cli::error::{Code, Failed};
use crate::cli::output::{Printer, cell};
use crate::client::{Cause, Client, Failure};
use crate::core::clock::{self, Timestamp};
use crate::core::package::Outcome;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until everybody sees the product with this build.
pub async fn until_visible(
    client: &Client,
    outcome: &Outcome,
    most: Duration,
    printer: &Printer,
) -> Result<(), Failed> {
    let (product, build) = (format!("/products/{}", outcome.product.id), outcome.build.id);
    let (begun, mut told) = (Instant::now(), false);
    loop {
        let looked = async {
            let build: Value = client.get(&format!("{product}/builds/{build}"), &[]).await?;
            Ok::<_, Failure>((client.get::<Value>(&product, &[]).await?, build))
        };
        let why = match looked.await {
            Ok((_, build)) if build["rejected_at"].is_string() => {
                let message = format!("The build was rejected: {}", cell(&build["rejection"]));
                return Err(Failed::with_code(Code::Refused, message));
            }
            Ok((product, build)) => match hidden(&product, &build) {
                None => return Ok(()),
                Some(why) => why,
            },
            Err(failure) => match failure.cause {
                Cause::Away => failure.message,
                _ => return Err(failure.into()),
            },
        };
        if begun.elapsed() + PAUSE >= most {
            return Err(Failed::with_code(Code::Away, format!("{} is not visible yet: {why}", outcome.product.name)));
        }
        if !told {
            printer.note(&format!("Waiting: {why}"));
            told = true;
        }
        sleep(PAUSE).await;
    }
}

/// Why not everybody sees it, if so.
fn hidden(product: &Value, build: &Value) -> Option<String> {
    let is_past =
        |at: &Value| at.as_str().and_then(|at| at.parse::<Timestamp>().ok()).is_some_and(|at| at <= clock::now());
    if !is_past(&build["published_at"]) {
        return Some("the build is not published yet; somebody who may has to do so.".to_owned());
    }
    if !is_past(&product["published_at"]) {
        return Some("the product is not published yet; somebody who may has to do so.".to_owned());
    }
    match &product["visible_at"] {
        Value::Null => None,
        at if is_past(at) => None,
        at => Some(format!("the product is to be visible from {}.", cell(at))),
    }
}
