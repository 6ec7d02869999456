//! Pictures: what they really are, and smaller ones made of them.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, ImageDecoder, ImageFormat, ImageReader, Limits, Rgba, RgbaImage};

use crate::core::field::MimeType;
use crate::core::{Error, Result};

/// What pictures are called where they are told to be wrong.
const FIELD: &str = "image";

/// The most pixels of a picture to each side.
const LONGEST_SIDE: u32 = 20_000;
/// The most memory that decoding one takes, in bytes: about 40 megapixels.
const MEMORY: u64 = 160 * 1024 * 1024;

/// What a picture is by its content, if it decodes from its first to its last pixel.
pub(super) fn media_type(bytes: &[u8]) -> Result<MimeType> {
    let (_, format) = decode(bytes)?;
    if format == ImageFormat::Jpeg && !reaches_end(bytes) {
        return Err(unusable("breaks off"));
    }
    format.to_mime_type().parse().map_err(|must: String| Error::internal(must))
}

/// A picture as PNG, made smaller so that it fits into a square of this side. It is never made larger.
pub(super) fn fitted(bytes: &[u8], side: u32) -> Result<Vec<u8>> {
    let (picture, _) = decode(bytes)?;
    let (width, height) = picture.dimensions();
    png(&if width > side || height > side { picture.thumbnail(side, side) } else { picture })
}

/// What stands in for a picture that is not there: a grey tile with a lighter disc.
pub(super) fn placeholder(side: u32) -> Result<Vec<u8>> {
    let centre = f64::from(side) / 2.0;
    let pixel = |x: u32, y: u32| {
        let distance = (f64::from(x) + 0.5 - centre).hypot(f64::from(y) + 0.5 - centre);
        if distance < centre / 2.0 { Rgba([0xe5, 0xe7, 0xeb, 0xff]) } else { Rgba([0xd1, 0xd5, 0xdb, 0xff]) }
    };
    png(&RgbaImage::from_fn(side, side, pixel).into())
}

fn decode(bytes: &[u8]) -> Result<(DynamicImage, ImageFormat)> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(Error::internal)?;
    let format = reader.format().filter(|format| format.reading_enabled());
    let format = format.ok_or_else(|| unusable("is none of them"))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let refused = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => unusable("has too many pixels"),
        error => unusable("does not decode").because(error),
    };
    let mut decoder = reader.into_decoder().map_err(refused)?;
    if decoder.total_bytes() > MEMORY {
        return Err(unusable("has too many pixels"));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    Ok((picture, format))
}

fn unusable(why: &str) -> Error {
    Error::invalid_field(FIELD, format!("must be a PNG, JPEG, GIF or WebP that can be shown: this {why}"))
}

/// Whether a JPEG has its end marker (ITU-T T.81, B.1.1): the decoder paints grey what is missing. What follows the marker,
/// as some cameras have it, does not matter.
fn reaches_end(bytes: &[u8]) -> bool {
    bytes.windows(2).rev().any(|pair| pair == [0xff, 0xd9])
}

fn png(picture: &DynamicImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(Error::internal)?;
    Ok(bytes)
}
