//! A package on this machine: its manifest checked, what that refers to pinned, and signed if so wanted.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde_json::{Map, Value, json};

use crate::cli;
use crate::cli::error::{Code, Failed};
use crate::cli::output::Printer;
use crate::cli::package::unreadable;
use crate::core::files::{FileKind, Sha256};
use crate::core::manifest::{Image, Manifest, Severity};
use crate::core::package::signature;
use crate::core::signing::SigningKey;

/// A package that can be published.
pub struct Package {
    /// Where its manifest is.
    pub path: PathBuf,
    /// Its name and version.
    pub title: String,
    /// The manifest, with the digests of all that it refers to.
    pub text: String,
    pub signature: Option<String>,
    pub files: Vec<PackageFile>,
}

/// A file that a manifest names.
pub struct PackageFile {
    /// Its path in the manifest.
    pub name: String,
    pub kind: FileKind,
    pub path: PathBuf,
    pub sha256: Sha256,
    pub size: u64,
    pub media_type: String,
}

/// A manifest that was read and has no errors.
pub struct Checked {
    path: PathBuf,
    manifest: Manifest,
}

impl Checked {
    /// Reads and checks a manifest, and prints what is wrong with it and with the files that it names.
    pub fn read(path: &Path, strict: bool, printer: &Printer) -> Result<Self, Failed> {
        let read = cli::package::Package::read(path).map_err(|error| unreadable(path, &error))?;
        let read = if strict { read.strict() } else { read };
        read.show(printer);
        let (errors, warnings) = (read.count(Severity::Error), read.count(Severity::Warning));
        match read.manifest {
            Some(manifest) => Ok(Self { path: path.to_owned(), manifest }),
            None => Err(Failed::new(format!("{} has {errors} errors and {warnings} warnings.", path.display()))),
        }
    }

    /// The image that it runs from.
    pub fn image(&self) -> Option<&Image> {
        self.manifest.build.image.as_ref()
    }

    /// Pins what the manifest refers to: the image by the digest that its registry has, files by what they consist of. Then it
    /// means the same for ever, and can be signed.
    pub async fn seal(mut self, digest: Option<String>, key: Option<&SigningKey>) -> Result<Package, Failed> {
        let folder = self.path.parent().map(Path::to_owned).unwrap_or_default();
        let named: Vec<(FileKind, String)> =
            self.manifest.build.files().map(|(kind, path)| (kind, path.to_owned())).collect();
        let hash = move || {
            let read = named.into_iter().map(|(kind, name)| PackageFile::read(&folder, kind, name));
            read.collect::<Result<Vec<_>, _>>()
        };
        let files = tokio::task::spawn_blocking(hash).await.map_err(|error| Failed::new(error.to_string()))??;
        let build = &mut self.manifest.content["product"]["build"];
        if let (Some(digest), Some(image)) = (digest, &mut self.manifest.build.image) {
            image.digest = Some(digest);
            let written = build["binary"]["image"].as_str().unwrap_or_default();
            let digest = image.digest.as_deref().unwrap_or_default();
            build["binary"]["image"] = json!(format!("{}@{digest}", written.split('@').next().unwrap_or_default()));
        }
        if !files.is_empty() {
            let digests: Map<String, Value> =
                files.iter().map(|file| (file.name.clone(), json!(format!("sha256:{}", file.sha256)))).collect();
            require_same(&build["digests"], &digests, &self.path)?;
            build["digests"] = Value::Object(digests);
        }
        let signature = key.map(|key| signature::sign(&self.manifest.content, key)).transpose()?;
        let title = format!("{} {}", self.manifest.product.name, self.manifest.build.version);
        Ok(Package { path: self.path, title, text: self.manifest.content.to_string(), signature, files })
    }
}

/// Nothing, if files are what the manifest itself says of them.
fn require_same(written: &Value, found: &Map<String, Value>, path: &Path) -> Result<(), Failed> {
    for (name, digest) in written.as_object().into_iter().flatten() {
        if found.get(name) != Some(digest) {
            let message = format!("{name} is not what {} says in product.build.digests.", path.display());
            return Err(Failed::with_code(Code::Conflict, message).hint("Remove it there, or restore the file."));
        }
    }
    Ok(())
}

impl PackageFile {
    /// Reads a file of a package once, for its digest. Where it is was checked with the manifest.
    fn read(folder: &Path, kind: FileKind, name: String) -> Result<Self, Failed> {
        let path = folder.join(&name);
        let (sha256, size) = digest_of(&path).map_err(|error| unreadable(&path, &error))?;
        let media_type = mime_guess::from_path(&name).first_or_octet_stream().to_string();
        Ok(Self { name, kind, path, sha256, size, media_type })
    }
}

/// The digest and the size of a file.
fn digest_of(path: &Path) -> std::io::Result<(Sha256, u64)> {
    const PIECE: usize = 256 * 1024;
    let (mut file, mut hash, mut size) = (File::open(path)?, Context::new(&SHA256), 0);
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((hash.finish().into(), size)),
            read => {
                hash.update(&piece[..read]);
                size += read as u64;
            }
        }
    }
}
