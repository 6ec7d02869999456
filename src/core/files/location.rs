//! Where files are kept: a folder, or a bucket of an object store that speaks S3.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ClientConfigKey, ObjectStore, RetryConfig};
use url::Url;

use crate::core::{Error, Result};

/// For how long a request that fails is tried again.
const RETRIES: Duration = Duration::from_secs(20);

/// The address of a store of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageUrl {
    /// A folder of this machine.
    Folder(PathBuf),
    /// `s3://bucket/prefix`; region, endpoint and credentials come from the usual `AWS_…` variables.
    S3(Url),
}

impl FromStr for StorageUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unusable = |why: &str| {
            Error::bad_request(format!(
                "The storage's address {why}. Write file:///var/lib/mkt/files or s3://bucket/prefix."
            ))
        };
        let url = Url::parse(text).map_err(|_| unusable("is not a URL"))?;
        match url.scheme() {
            "file" => url.to_file_path().map(Self::Folder).map_err(|()| unusable("names no folder")),
            "s3" if !url.username().is_empty() => Err(unusable("has credentials, which belong in AWS_ variables")),
            "s3" if url.host_str().is_some_and(|bucket| !bucket.is_empty()) => Ok(Self::S3(url)),
            "s3" => Err(unusable("names no bucket")),
            "gs" | "az" => Err(unusable("is of a service that this mkt was built without; its S3 interface will do")),
            scheme => Err(unusable(&format!("starts with {scheme}:, which is neither file: nor s3:"))),
        }
    }
}

impl StorageUrl {
    /// Opens the store. A folder is created when it is missing.
    pub(super) fn open(&self) -> Result<Arc<dyn ObjectStore>> {
        match self {
            Self::Folder(folder) => open_folder(folder),
            Self::S3(url) => open_s3(url),
        }
    }
}

fn open_folder(folder: &Path) -> Result<Arc<dyn ObjectStore>> {
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
        let message = format!("The folder {} can't be used for files: {error}.", folder.display());
        Error::bad_request(message).because(error)
    };
    std::fs::create_dir_all(folder).map_err(|error| unusable(error.into()))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| unusable(error.into()))?;
    // A row must not refer to what a power cut takes away. Folders stay when they are empty, for a file may just be coming in.
    Ok(Arc::new(store.with_fsync(true)))
}

fn open_s3(url: &Url) -> Result<Arc<dyn ObjectStore>> {
    let unusable = |error: object_store::Error| {
        Error::bad_request(
            "The S3 store can't be used: look at the variables AWS_REGION, AWS_ENDPOINT and credentials.",
        )
        .because(error)
    };
    let client = |key| AmazonS3ConfigKey::Client(key);
    let store = AmazonS3Builder::from_env()
        .with_url(url.as_str())
        // Downloads last as long as their reader takes; only silence ends them.
        .with_config(client(ClientConfigKey::Timeout), "1 day")
        .with_config(client(ClientConfigKey::ReadTimeout), "30 seconds")
        .with_retry(RetryConfig { max_retries: 3, retry_timeout: RETRIES, ..RetryConfig::default() })
        .build()
        .map_err(unusable)?;
    match url.path().trim_matches('/') {
        "" => Ok(Arc::new(store)),
        prefix => Ok(Arc::new(PrefixStore::new(store, prefix))),
    }
}
