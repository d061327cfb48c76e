mod decode;
mod encode;
mod repair;
