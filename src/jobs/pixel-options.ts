import { z } from 'zod';

/** How somebody else's model wants its images; only for files that this program did not write. */
export const pixelOptions = z.object({
  layout: z.enum(['nchw', 'nhwc']).optional().describe("order of the axes of the model's input; default: as the file tells"),
  channel_order: z.enum(['rgb', 'bgr']).optional().describe('order of the colours; default: rgb, unless the file says otherwise'),
  scale: z
    .number()
    .refine((value) => value !== 0, 'must not be 0')
    .optional()
    .describe(
      'the model is given (pixel * scale - mean) / std, pixel in [0, 1]; 255 for models of pixels 0..255; default: as the file tells, else 1',
    ),
  mean: z
    .array(z.number())
    .min(1)
    .optional()
    .describe('see scale; one number, or one for each channel; default: as the file tells, else 0'),
  std: z.array(z.number().gt(0)).min(1).optional().describe('see scale; above 0; default: as the file tells, else 1'),
});

/** See {@link pixelOptions}. */
export type PixelSettings = z.infer<typeof pixelOptions>;
