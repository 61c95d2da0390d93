/** The version of this software, recorded in everything it writes. A test keeps it equal to package.json. */
export const version = '0.1.0';
