import { type Content, Html, html } from './markup.js';
import type { ModelKey } from './models.js';

/** What a model says of an image: the class, an index into the class names, and its softmax probability, 0..1. */
export interface Prediction {
  readonly label: number;
  readonly confidence: number;
}

/** A test image without and with the trigger, and what each model says of the two. */
export interface Sample {
  /** Its true class. */
  readonly label: number;
  /** PNG file. */
  readonly clean: Uint8Array;
  /** PNG file. */
  readonly triggered: Uint8Array;
  readonly predictions: Readonly<Partial<Record<ModelKey, { readonly clean: Prediction; readonly triggered: Prediction }>>>;
}

/** What a scan found, on an image of another class: without it, with it, and the absolute difference of the two, as PNG files. */
export interface SuspectPicture {
  readonly sought: string;
  /** The class that it leads to. */
  readonly target: number;
  readonly clean: Uint8Array;
  readonly triggered: Uint8Array;
  readonly difference: Uint8Array;
}

/** The images of a report, as PNG files at the data's own resolution; the report enlarges them without smoothing. */
export interface Pictures {
  /** One image without the trigger, with it, and the absolute difference of the two. */
  readonly trigger?: { readonly clean: Uint8Array; readonly triggered: Uint8Array; readonly difference: Uint8Array };
  readonly samples?: readonly Sample[];
  readonly suspects?: readonly SuspectPicture[];
}

/** An `img` element that carries its PNG file within itself. */
export function picture(png: Uint8Array, alt: Content): Html {
  return html`<img src="${new Html(dataUri(png))}" alt="${alt}">`;
}

function dataUri(png: Uint8Array): string {
  let binary = '';
  for (const byte of png) binary += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(binary)}`;
}
