//! Collecting what nothing refers to any more.

use std::collections::HashSet;
use std::time::SystemTime;

use chrono::Duration;
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use super::{CONTENT, DERIVED, Files, Sha256, StorageUrl, away, content, rendition};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, Statement};
use crate::core::{Error, Kind, Result};

/// How long a file is kept that nothing refers to yet: what took it in is about to.
const UNUSED: Duration = Duration::hours(1);
/// How long an upload may go on before it counts as given up.
const UNFINISHED: Duration = Duration::hours(24);
/// How many files are removed between two looks.
const BATCH: usize = 100;

/// The condition that nothing refers to a file.
const UNREFERRED: &str = "not exists (select 1 from builds where builds.asset_sha256 = files.sha256) \
     and not exists (select 1 from screenshots where screenshots.image_sha256 = files.sha256) \
     and not exists (select 1 from logos where logos.image_sha256 = files.sha256) \
     and not exists (select 1 from uploads where uploads.sha256 = files.sha256)";

impl Files {
    /// Removes the files that nothing refers to, and uploads that were given up. Answers how many of both.
    ///
    /// # Errors
    /// When the store or the database is away.
    pub async fn collect(&self, db: &Db, now: Timestamp) -> Result<usize> {
        let unused = Timestamp::from(now.datetime() - UNUSED);
        forget_uploads(db, Timestamp::from(now.datetime() - UNFINISHED)).await?;
        self.adopt(db, unused).await?;
        let mut removed = 0;
        loop {
            let select = format!("select sha256 from files where touched_at < $1 and {UNREFERRED} limit {BATCH}");
            let batch: Vec<(Sha256,)> = db.all(Statement::new(select).bind(unused)).await?;
            if batch.is_empty() {
                break;
            }
            for (sha256,) in &batch {
                removed += usize::from(self.remove(db, sha256, unused).await?);
            }
        }
        Ok(removed + self.remove_given_up(now).await?)
    }

    /// Gives a row to content that has none, so that it is collected as all else: of an upload that took longer than its
    /// claim held. Renditions of what has no row go at once, for they can be made again.
    async fn adopt(&self, db: &Db, unused: Timestamp) -> Result<()> {
        for folder in [CONTENT, DERIVED] {
            let listed = self.store.list(Some(&Path::from(folder))).map_err(away);
            let old = listed.try_filter_map(async |found: ObjectMeta| {
                let sha256 = found.location.filename().and_then(|name| name.get(..64)?.parse::<Sha256>().ok());
                Ok(sha256.filter(|_| found.last_modified < unused.datetime()).map(|sha256| (sha256, found)))
            });
            let mut batches = old.try_chunks(BATCH).map_err(|cut| cut.1).boxed();
            while let Some(batch) = batches.try_next().await? {
                let unknown = unknown(db, batch).await?;
                if folder == CONTENT {
                    insert(db, &unknown, unused).await?;
                    continue;
                }
                for (_, rendition) in unknown {
                    absent(self.store.delete(&rendition.location).await)?;
                }
            }
        }
        Ok(())
    }

    /// Removes a file if still nothing refers to it. The row stays locked until the content is gone, so that whoever takes in
    /// the same content meanwhile waits, and then stores it anew.
    async fn remove(&self, db: &Db, sha256: &Sha256, unused: Timestamp) -> Result<bool> {
        let tx = db.begin().await?;
        let delete = format!("delete from files where sha256 = $1 and touched_at < $2 and {UNREFERRED}");
        let statement = Statement::new(delete).bind(sha256.as_str()).bind(unused);
        match tx.execute(statement).await {
            Ok(0) => return Ok(false),
            // A row has come to refer to it since this statement looked.
            Err(error) if error.kind() == Kind::Conflict => return Ok(false),
            deleted => deleted?,
        };
        for location in rendition::locations(sha256).chain([content(sha256)]) {
            absent(self.store.delete(&location).await)?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn remove_given_up(&self, now: Timestamp) -> Result<usize> {
        let unfinished = now.datetime() - UNFINISHED;
        let uploads: Vec<_> = self.store.list(Some(&Path::from("uploads"))).try_collect().await.map_err(away)?;
        let given_up: Vec<_> = uploads.into_iter().filter(|upload| upload.last_modified < unfinished).collect();
        for upload in &given_up {
            absent(self.store.delete(&upload.location).await)?;
        }
        let given_up = given_up.len() + self.remove_old_parts(unfinished).await?;
        let StorageUrl::Folder(folder) = self.url.clone() else { return Ok(given_up) };
        let partial = tokio::task::spawn_blocking(move || remove_partial(&folder, unfinished.into()));
        Ok(given_up + partial.await.map_err(Error::internal)?)
    }
}

/// Forgets the files that were sent for packages which have not been published for long.
async fn forget_uploads(db: &Db, before: Timestamp) -> Result<()> {
    let tx = db.begin().await?;
    tx.execute(crate::sql!("delete from uploads where created_at < $1", before)).await?;
    tx.commit().await
}

/// Those of a batch that no row knows.
async fn unknown(db: &Db, batch: Vec<(Sha256, ObjectMeta)>) -> Result<Vec<(Sha256, ObjectMeta)>> {
    let mut select = Statement::new("select sha256 from files where sha256 in (");
    select.push_args(batch.iter().map(|(sha256, _)| sha256.as_str())).push(")");
    let known: HashSet<Sha256> = db.all(select).await?.into_iter().map(|(sha256,)| sha256).collect();
    Ok(batch.into_iter().filter(|(sha256, _)| !known.contains(sha256)).collect())
}

/// Makes rows that have been unused for long enough.
async fn insert(db: &Db, found: &[(Sha256, ObjectMeta)], unused: Timestamp) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let before = Timestamp::from(unused.datetime() - Duration::seconds(1));
    let mut insert = Statement::new("insert into files (sha256, size, created_at, touched_at) values ");
    for (index, (sha256, content)) in found.iter().enumerate() {
        insert.push(if index > 0 { ", (" } else { "(" }).push_arg(sha256.as_str()).push(", ");
        insert.push_arg(i64::try_from(content.size).unwrap_or(i64::MAX));
        insert.push(", ").push_arg(before).push(", ").push_arg(before).push(")");
    }
    insert.push(" on conflict (sha256) do nothing");
    let tx = db.begin().await?;
    tx.execute(insert).await?;
    tx.commit().await
}

/// Removes what writing to a folder left half done when the server was killed: files with a `#` in their names, which the
/// store does not list.
fn remove_partial(folder: &std::path::Path, before: SystemTime) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let removed = entries.map(|entry| {
        let (path, kind) = (entry.path(), entry.file_type());
        if kind.is_ok_and(|kind| kind.is_dir()) {
            return remove_partial(&path, before);
        }
        let partial = entry.file_name().to_string_lossy().contains('#');
        let old = || entry.metadata().and_then(|metadata| metadata.modified()).is_ok_and(|modified| modified < before);
        usize::from(partial && old() && std::fs::remove_file(path).is_ok())
    });
    removed.sum()
}

/// That something is not there to be deleted is as good.
pub(super) fn absent(deleted: object_store::Result<()>) -> Result<()> {
    match deleted {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(away(error)),
    }
}
