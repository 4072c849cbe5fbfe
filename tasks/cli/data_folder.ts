/** Where downloads, token files and runs are kept. */
export const DATA_FOLDER = "data";
