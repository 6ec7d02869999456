//! Signing in on another device, which confirms a code that this one shows (RFC 8628).

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cli::error::{Code, Failed};
use crate::cli::output::Printer;
use crate::client::{Cause, Client, Confirmation};
use crate::core::secret::Secret;

/// By how much longer to wait between two questions when told to slow down.
const SLOWER: Duration = Duration::from_secs(5);
/// The longest life of a code, in seconds, that is believed.
const LONGEST_LIFE: u64 = 24 * 3600;
/// The longest wait between two questions.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The token of whoever confirms the code that is shown.
pub async fn sign_in(client: &Client, printer: &Printer) -> Result<Secret, Failed> {
    let host = hostname::get().unwrap_or_default();
    let code = client.device_code(&format!("mkt on {}", host.display())).await?;
    let (uri, user_code) = (&code.verification_uri, &code.user_code);
    printer
        .instruct(&format!("Open this address on any device, and confirm the code there:\n\n  {uri}\n  {user_code}\n"));
    if let Some(complete) = &code.verification_uri_complete {
        printer.note(&format!("Or, with the code in it:\n\n  {complete}\n"));
    }
    let end = Instant::now() + Duration::from_secs(code.expires_in.min(LONGEST_LIFE));
    let mut wait = Duration::from_secs(code.interval.max(1)).min(LONGEST_WAIT);
    while Instant::now() + wait < end {
        sleep(wait).await;
        match client.device_token(&code).await {
            Ok(Confirmation::Given(token)) => return Ok(token),
            Ok(Confirmation::Pending) => {}
            Ok(Confirmation::SlowDown) => wait += SLOWER,
            // A server that is away for a moment forgets no code.
            Err(failure) if failure.cause == Cause::Away => wait = (wait * 2).min(LONGEST_WAIT),
            Err(failure) => return Err(failure.into()),
        }
    }
    Err(Failed::with_code(Code::Refused, "Nobody confirmed the code in time.")
        .hint("Try again with: mkt login --device"))
}
