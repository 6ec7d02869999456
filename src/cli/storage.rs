//! Where the database, the files and the secret key are, for the commands that work on them.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;

use super::error::{Code, Failed};
use super::global::{read_secret, secret};
use crate::core::db::DatabaseUrl;
use crate::core::files::{Files, Limits, StorageUrl};
use crate::core::secret::Secret;

#[derive(Debug, clap::Args)]
pub struct DatabaseArgs {
    /// The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL works too
    /// [default: a file under $XDG_DATA_HOME/mkt]
    #[arg(long, env = "MKT_DATABASE_URL", value_name = "URL", hide_env_values = true, global = true)]
    database_url: Option<String>,
}

impl DatabaseArgs {
    /// The database's address.
    pub fn url(&self) -> Result<DatabaseUrl, Failed> {
        let given =
            self.database_url.clone().or_else(|| std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()));
        match given {
            Some(text) => {
                text.parse().map_err(|error: crate::core::Error| Failed::with_code(Code::Usage, error.message()))
            }
            None => Ok(DatabaseUrl::file(data_folder("--database-url")?.join("mkt.db"))),
        }
    }
}

/// The largest logo or screenshot that a marketplace takes, unless set otherwise.
pub const LARGEST_IMAGE: ByteSize = ByteSize::mib(10);
/// The largest asset of a build.
pub const LARGEST_ASSET: ByteSize = ByteSize::gib(2);

#[derive(Debug, clap::Args)]
pub struct FilesArgs {
    /// Where files are kept: file:///FOLDER, or s3://BUCKET/PREFIX with the usual AWS_ variables; several servers of one
    /// marketplace need the same [default: the folder files beside a database file, else under $XDG_DATA_HOME/mkt]
    #[arg(long, env = "MKT_STORAGE_URL", value_name = "URL")]
    storage_url: Option<StorageUrl>,

    /// The largest logo or screenshot taken
    #[arg(long, env = "MKT_MAX_IMAGE_SIZE", value_name = "SIZE", default_value_t = LARGEST_IMAGE)]
    max_image_size: ByteSize,

    /// The largest asset of a build taken
    #[arg(long, env = "MKT_MAX_ASSET_SIZE", value_name = "SIZE", default_value_t = LARGEST_ASSET)]
    max_asset_size: ByteSize,
}

impl FilesArgs {
    /// Opens the store of files.
    pub fn open(&self, database: &DatabaseUrl) -> Result<Files, Failed> {
        let limits = Limits { image: self.max_image_size.as_u64(), asset: self.max_asset_size.as_u64() };
        let url = match (&self.storage_url, database.folder()) {
            (Some(url), _) => url.clone(),
            (None, Some(folder)) => StorageUrl::Folder(folder.join("files")),
            (None, None) => StorageUrl::Folder(data_folder("--storage-url")?.join("files")),
        };
        Ok(Files::open(url, limits)?)
    }
}

/// `$XDG_DATA_HOME/mkt`, else `~/.local/share/mkt`.
fn data_folder(instead: &str) -> Result<PathBuf, Failed> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|data| data.join("mkt"))
        .ok_or_else(|| {
            Failed::with_code(Code::Usage, format!("Neither XDG_DATA_HOME nor HOME is set. Say where with {instead}."))
        })
}

/// The marketplace's secret key: given, else kept beside a file database, where it is made once.
pub fn secret_key(file: Option<&Path>, database: &DatabaseUrl) -> Result<Secret, Failed> {
    const SHORTEST: usize = 32;
    if let Some(key) = secret("MKT_SECRET_KEY", file)? {
        if key.expose().len() < SHORTEST {
            return Err(Failed::with_code(
                Code::Usage,
                format!("The secret key is shorter than {SHORTEST} characters."),
            )
            .hint("Make one with: openssl rand -hex 32"));
        }
        return Ok(key);
    }
    let Some(folder) = database.folder() else {
        return Err(Failed::with_code(
            Code::Usage,
            "With PostgreSQL, MKT_SECRET_KEY or MKT_SECRET_KEY_FILE is required.",
        )
        .hint("All servers of one marketplace share it. Make one with: openssl rand -hex 32"));
    };
    let path = folder.join("secret-key");
    if path.exists() {
        return read_secret(&path);
    }
    let key = Secret::random()?.derive("secret key");
    let unwritable =
        |error: std::io::Error| Failed::new(format!("Can't keep the secret key in {}: {error}.", path.display()));
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    // Written aside and then linked, so that the name never stands for half a key, and the first of several servers wins.
    let aside = folder.join(format!(".secret-key.{}", uuid::Uuid::new_v4()));
    let mut file = private_file().open(&aside).map_err(unwritable)?;
    file.write_all(key.expose().as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)?;
    let linked = std::fs::hard_link(&aside, &path);
    std::fs::remove_file(&aside).map_err(unwritable)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => read_secret(&path),
        Err(error) => Err(unwritable(error)),
    }
}

/// Makes new files that only their owner may read.
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
