//! The forms that bodies have.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::cases::Case;
use crate::support::Server;

/// A file as a part of a form.
pub struct Upload {
    pub field: String,
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

impl Upload {
    /// A small picture of one colour.
    pub fn png(field: &str, colour: [u8; 3]) -> Self {
        Self {
            field: field.into(),
            name: "a picture.png".into(),
            media_type: "image/png",
            bytes: picture(20, 10, colour),
        }
    }
}

/// A PNG of one colour.
pub fn picture(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = RgbImage::from_pixel(width, height, Rgb(colour));
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

/// Every way to send a creation.
pub fn forms(server: &Server, path: &str, case: &Case, body: &Value) -> Vec<(&'static str, RequestBuilder)> {
    if case.has_file() {
        let bare = pairs("", body).into_iter().map(|(name, value)| (name.trim_matches(['[', ']']).to_owned(), value));
        let mut upload = case.file();
        upload[0].field = "image".into();
        return vec![
            ("multipart with bracketed names", case.creation(server, path, body)),
            ("bare multipart", multipart(server.request(Method::POST, path), &bare.collect::<Vec<_>>(), &upload)),
        ];
    }
    searches(server, path, case.name, body)
}

/// Every way to send fields.
pub fn searches(server: &Server, path: &str, name: &str, body: &Value) -> Vec<(&'static str, RequestBuilder)> {
    let post = || server.request(Method::POST, path);
    let typed = |kind: &str, body: String| post().header("content-type", kind).body(body);
    let pairs = pairs(name, body);
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    vec![
        ("bare JSON", post().json(body)),
        ("wrapped JSON", post().json(&json!({ name: body }))),
        ("JSON of another media type", typed("application/vnd.api+json; charset=utf-8", body.to_string())),
        ("form", typed("application/x-www-form-urlencoded", encoded)),
        ("multipart", multipart(post(), &pairs, &[])),
    ]
}

/// A multipart form of texts and files.
pub fn multipart(request: RequestBuilder, texts: &[(String, String)], files: &[Upload]) -> RequestBuilder {
    let mut body = Vec::new();
    for (name, value) in texts {
        body.extend(format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    for Upload { field, name, media_type, bytes } in files {
        let head = format!(
            "content-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\ncontent-type: {media_type}"
        );
        body.extend(format!("--cut\r\n{head}\r\n\r\n").bytes().chain(bytes.iter().copied()).chain(*b"\r\n"));
    }
    body.extend(*b"--cut--\r\n");
    request.header("content-type", "multipart/form-data; boundary=cut").body(body)
}

/// A value as the bracketed names of a form.
pub fn pairs(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(entries) => {
            entries.iter().flat_map(|(key, value)| pairs(&format!("{name}[{key}]"), value)).collect()
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().flat_map(|(index, item)| pairs(&format!("{name}[{index}]"), item)).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| pairs(&format!("{name}[]"), item)).collect(),
        Value::String(text) => vec![(name.into(), text.clone())],
        other => vec![(name.into(), other.to_string())],
    }
}
