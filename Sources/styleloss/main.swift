print("styleloss")
