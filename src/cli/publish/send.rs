//! Sending a package: itself, and first the files that the marketplace misses.

use std::collections::HashSet;

use super::package::{Package, PackageFile};
use super::plan;
use crate::cli::error::Failed;
use crate::cli::output::Printer;
use crate::client::{self, Client};
use crate::core::package::Outcome;

/// Who sends packages.
pub struct Sender<'a> {
    pub client: &'a Client,
    pub printer: &'a Printer,
    /// Whether there is but one package, whose files are shown on their way.
    pub alone: bool,
}

impl Sender<'_> {
    /// Publishes a package. What the marketplace has already is not sent again.
    pub async fn publish(&self, package: &Package) -> Result<Outcome, Failed> {
        let publish = || self.client.publish(&package.text, package.signature.as_deref(), false);
        let missing = match publish().await {
            Err(failure) => {
                let missing = client::missing(&failure);
                if missing.is_empty() {
                    return Err(plan::refused(failure));
                }
                missing
            }
            Ok(outcome) => return Ok(outcome),
        };
        // What a manifest names twice goes once.
        let (missing, mut seen) = (package.files.iter().filter(|file| missing.contains(&file.name)), HashSet::new());
        for file in missing.filter(|file| seen.insert((&file.sha256, file.kind))) {
            self.send(file).await?;
        }
        publish().await.map_err(plan::refused)
    }

    async fn send(&self, file: &PackageFile) -> Result<(), Failed> {
        let bar = self.printer.transfer(if self.alone { file.size } else { 0 }, &file.name);
        let progress = bar.clone();
        let sent = move |bytes| progress.set_position(bytes);
        let PackageFile { path, kind, sha256, media_type, .. } = file;
        let of = client::PackageFile { path, kind: *kind, sha256, media_type };
        let result = self.client.send_file(of, sent).await;
        bar.finish_and_clear();
        result.map_err(|failure| {
            let failed = Failed::from(failure);
            Failed { message: format!("{}: {}", file.name, failed.message), ..failed }
        })
    }
}
