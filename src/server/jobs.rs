//! What a server does now and then without being asked.

use std::time::Duration;

use super::App;
use crate::core::{Result, clock, idempotency};

/// How long after its start a server does it first.
const FIRST: Duration = Duration::from_secs(60);
/// How often it does it then.
const PERIOD: Duration = Duration::from_secs(3600);

/// Tidies up until the server ends.
pub async fn run(app: App) {
    tokio::time::sleep(FIRST).await;
    loop {
        if let Err(error) = tidy(&app).await {
            tracing::warn!(cause = %std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default(), "tidying up failed: {error}");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn tidy(app: &App) -> Result<()> {
    let now = clock::now();
    let answers = idempotency::forget_old(app.db(), now).await?;
    let files = app.files().collect(app.db(), now).await?;
    tracing::debug!(answers, files, "tidied up");
    Ok(())
}
