/* Calls the functions of mlp.o and compares what they make. */
#include "expected.h"
#include "mlp.h"
#include <math.h>
#include <stdio.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

static int compare(const char *name, const float *made, const float *expected,
                   int count) {
  double worst = 0;
  for (int i = 0; i < count; ++i) {
    double error =
        fabs((double)made[i] - expected[i]) / fmax(1.0, fabs(expected[i]));
    if (!(error <= worst))
      worst = error;
  }
  if (worst < 2e-6)
    return 0;
  printf("%s: the largest error of %d numbers is %g\n", name, count, worst);
  return 1;
}

int main(void) {
  float y[COUNT(expected)];
  float left[COUNT(expected_vector)], right[COUNT(expected_vector)];
  int wrong = 0;
  /* Twice: a call leaves nothing behind. */
  for (int i = 0; i < 2; ++i) {
    float one = mlp(input, y);
    wrong += compare("mlp", y, expected, COUNT(expected));
    wrong += compare("scalar", &one, expected + columns + 1, 1);
    vectors(input, left, right);
    wrong += compare("vecmat", left, expected_vector, COUNT(left));
    wrong += compare("matvec", right, expected_vector, COUNT(right));
  }
  if (!wrong)
    printf("as expected\n");
  return wrong;
}
