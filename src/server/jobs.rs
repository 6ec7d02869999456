//! What a server does now and then without being asked.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::App;
use crate::core::{Result, clock, idempotency, session};

/// How often it is written down which tokens were used.
const MINUTE: Duration = Duration::from_secs(60);
/// How often the server tidies up; the first time is a minute after its start.
const HOUR: Duration = Duration::from_secs(3600);
/// How long the last write may hold up the server's end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Does all of it until the server ends.
pub async fn run(app: App) {
    let [mut minutes, mut hours] = [MINUTE, HOUR].map(|period| {
        let mut ticks = interval_at(Instant::now() + MINUTE, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    loop {
        let done = tokio::select! {
            _ = minutes.tick() => note_use(&app).await,
            _ = hours.tick() => tidy(&app).await,
        };
        if let Err(error) = done {
            tracing::warn!(cause = %std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default(), "tidying up failed: {error}");
        }
    }
}

/// What would be lost with the server.
pub async fn last(app: &App) {
    if let Ok(Err(error)) = timeout(FAREWELL, note_use(app)).await {
        tracing::warn!("the last use of tokens is not written down: {error}");
    }
}

async fn note_use(app: &App) -> Result<()> {
    app.authenticator().note_use(app.db(), clock::now()).await.map(drop)
}

async fn tidy(app: &App) -> Result<()> {
    let now = clock::now();
    let answers = idempotency::forget_old(app.db(), now).await?;
    let sign_ins = session::forget_old(app.db(), now).await?;
    app.relying_party().refresh(app.db(), now).await?;
    let files = app.files().collect(app.db(), now).await?;
    let key = app.authenticator().keys().renew(app.db(), now).await?;
    tracing::debug!(answers, sign_ins, files, key, "tidied up");
    Ok(())
}
