/** The number of points of the curve P-256 (SEC 2, 2.4.2): a private key is greater than 0 and less than this number. */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
