//! What a server does now and then without being asked.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use super::{App, checks};
use crate::core::access::{Caller, Principal};
use crate::core::deployment::update;
use crate::core::event::{self, resume};
use crate::core::model::Product;
use crate::core::{Result, clock, idempotency, presence, session};

/// How often it is written down which connections were lost and which agents have come.
const SECOND: Duration = Duration::from_secs(1);
/// How often the server looks who is silent, and what has become visible.
const SECONDS: Duration = Duration::from_secs(5);
/// How often it is written down which tokens were used.
const MINUTE: Duration = Duration::from_secs(60);
/// How often the server tidies up; the first time is a minute after its start.
const HOUR: Duration = Duration::from_secs(3600);
/// How long the last write may hold up the server's end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Does all of it until the server ends.
pub async fn run(app: App) {
    // What is urgent does not wait for what takes long.
    tokio::join!(keep_up(&app), keep_tidy(&app), checks::run(&app));
}

async fn keep_up(app: &App) {
    let (mut seconds, mut fives) = (ticks(SECOND, SECOND), ticks(SECONDS, SECONDS));
    // What becomes visible from the very start on is told of.
    complain(Product::announce_visible(app.db(), clock::now()).await);
    loop {
        let done = tokio::select! {
            _ = seconds.tick() => note_connections(app, false).await,
            _ = fives.tick() => look_around(app).await,
        };
        complain(done);
    }
}

async fn keep_tidy(app: &App) {
    let (mut minutes, mut hours) = (ticks(MINUTE, MINUTE), ticks(MINUTE, HOUR));
    loop {
        let done = tokio::select! {
            _ = minutes.tick() => forget(app).await.and(note_use(app).await),
            _ = hours.tick() => tidy(app).await,
        };
        complain(done);
    }
}

fn ticks(first: Duration, period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + first, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn complain(done: Result<()>) {
    if let Err(error) = done {
        tracing::warn!(cause = %std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default(), "tidying up failed: {error}");
    }
}

async fn note_connections(app: &App, all: bool) -> Result<()> {
    app.lost().write_down(app.db()).await?;
    app.presence().write_down(app.db(), all).await
}

async fn look_around(app: &App) -> Result<()> {
    note_connections(app, true).await?;
    let now = clock::now();
    presence::sweep(app.db(), now).await?;
    Product::announce_visible(app.db(), now).await?;
    let marketplace = Caller::new(Principal::marketplace(), "".into());
    update::sweep(app.db(), &marketplace).await
}

/// What would be lost with the server.
pub async fn last(app: &App) {
    let written = async {
        note_connections(app, false).await?;
        note_use(app).await
    };
    if let Ok(Err(error)) = timeout(FAREWELL, written).await {
        tracing::warn!("the last use of tokens is not written down: {error}");
    }
}

async fn note_use(app: &App) -> Result<()> {
    app.authenticator().note_use(app.db(), clock::now()).await.map(drop)
}

async fn forget(app: &App) -> Result<()> {
    let (settings, now) = (app.settings(), clock::now());
    let events = event::prune(app.db(), now, settings.events_days, settings.events_kept).await?;
    tracing::debug!(events, "forgot old events");
    resume::forget_old(app.db(), now).await
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
