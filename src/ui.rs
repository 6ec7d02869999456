//! The web application: the files of `src/ui`, in the binary. It is written to the public API and knows nothing else of the server, so
//! the same files are served beside the API and alone.

use std::collections::HashMap;
use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use quick_xml::escape::escape;
use rust_embed::Embed;
use xxhash_rust::xxh3::xxh3_128;

#[derive(Embed)]
#[folder = "src/ui/"]
struct Files;

/// The page that loads all others, with what is filled in when it is served.
const PAGE: &str = "index.html";

/// The application as it is served: each file as it is, and compressed where that makes it smaller.
#[derive(Debug)]
pub struct Assets {
    version: String,
    page: Asset,
    files: HashMap<String, Asset>,
}

/// A file.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its media type.
    pub media_type: String,
    /// What it is known by as long as it does not change, for `ETag`.
    pub tag: String,
    /// What is in it.
    pub content: Bytes,
    /// The same by gzip (RFC 1952).
    pub compressed: Bytes,
}

impl Assets {
    /// The application, under this title, for the marketplace at this address; none is where the application itself is.
    pub fn new(title: &str, marketplace: Option<&str>) -> Self {
        let read = |path: &str| Files::get(path).map(|file| file.data.into_owned()).unwrap_or_default();
        let mut paths: Vec<_> = Files::iter().map(|path| path.into_owned()).collect();
        paths.sort();
        let contents: Vec<_> = paths.into_iter().map(|path| (read(&path), path)).collect();
        let all: Vec<u8> = contents.iter().flat_map(|(content, path)| [path.as_bytes(), content].concat()).collect();
        let version = format!("{:032x}", xxh3_128(&all));
        let page = String::from_utf8_lossy(&read(PAGE))
            .replace("{{title}}", &escape(title))
            .replace("{{marketplace}}", &escape(marketplace.unwrap_or_default()))
            .replace("{{version}}", &version);
        let files = contents.into_iter().filter(|(_, path)| path != PAGE);
        Self {
            page: Asset::new(PAGE, page.into_bytes()),
            files: files.map(|(content, path)| (path.clone(), Asset::new(&path, content))).collect(),
            version,
        }
    }

    /// The page, which is the same at all addresses of the application.
    pub fn page(&self) -> &Asset {
        &self.page
    }

    /// A file of this version of the application. Of another there is none: its files would not fit together.
    pub fn file(&self, version: &str, path: &str) -> Option<&Asset> {
        self.files.get(path).filter(|_| version == self.version)
    }
}

impl Asset {
    fn new(path: &str, content: Vec<u8>) -> Self {
        let media_type = mime_guess::from_path(path).first_or_octet_stream();
        let text = matches!(media_type.type_(), mime_guess::mime::TEXT);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail.
        let compressed = encoder.write_all(&content).and_then(|()| encoder.finish()).unwrap_or_default();
        Self {
            media_type: if text { format!("{media_type}; charset=utf-8") } else { media_type.to_string() },
            // Weak, for it is of the file in either form.
            tag: format!("W/\"{:032x}\"", xxh3_128(&content)),
            content: content.into(),
            compressed: compressed.into(),
        }
    }
}
